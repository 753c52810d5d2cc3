"""What happens next: decided here, done elsewhere.

The swarm is told events (these tasks are done, that one failed) and answers with commands (launch these, give that
one up). It knows no clock, no database and no cluster, so that everything that can go wrong in a run is a test
of three lines. Tasks are numbers and their state stands in arrays: a million tasks are some tens of megabytes.
"""
