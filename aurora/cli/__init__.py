"""The command line: thin commands over the packages. Data on stdout, everything else on stderr."""
