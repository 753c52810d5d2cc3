"""Slurm: batches become job arrays, outcomes come from the jobs themselves, and Slurm says why one vanished."""
