"""Where commands run: one protocol, and a distributor for each kind of cluster."""
