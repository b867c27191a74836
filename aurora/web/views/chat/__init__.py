"""What the chat page shows of conversations, as frozen data: no browser, no NiceGUI."""
