"""A real Slurm on one machine, for tests and benchmarks: several nodes, accounting, limits that kill, REST.

Everything lies in one folder and listens on 127.0.0.1 alone, so that several such boxes stand side by side. It needs
root, Debian's packages (scripts/install-slurm) and no systemd.

`settings` says where a box is and how large, `configuration` writes what Slurm reads, `daemons` starts and ends
processes, `cgroups` and `places` are what the kernel holds for them, and `cluster` brings all of it up and down.
"""
