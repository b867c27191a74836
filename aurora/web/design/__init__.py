"""The design system: theme, frame of a page, components and charts. Colours, sizes and words are declared here once."""
