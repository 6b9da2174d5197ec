"""The post: rendering, attachments, transports."""
