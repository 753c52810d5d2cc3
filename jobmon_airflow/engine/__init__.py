"""The engine runs workflows: it does what the swarm decides, and writes down what became of it."""
