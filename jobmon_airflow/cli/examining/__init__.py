"""What ``jobmon doctor`` looks at: each module is asked for findings, and repairs nothing."""
