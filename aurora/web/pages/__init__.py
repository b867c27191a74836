"""Pages: one module each, with `add(context)`, which registers its `ui.page`. Data comes from `aurora.web.views`."""
