"""Reports as self-contained pages: of self-play runs and of evaluations. May import graphs and everything below it."""
