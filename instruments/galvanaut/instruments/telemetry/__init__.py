"""Records of tests: what a cycler measured, live while it runs and sealed when it has ended."""
