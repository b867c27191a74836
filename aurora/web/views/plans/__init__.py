"""What the page Plans shows and does: lists, one plan, forms, and applications that go on without a reader."""
