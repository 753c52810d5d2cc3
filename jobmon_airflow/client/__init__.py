"""What a scientist writes: tools, templates, tasks, workflows; and how they get into the database.

Everything here is defined in memory and costs no database; ``Workflow.bind`` writes it all at once. Asking
something for its id before that writes just this thing.
"""
