"""Parsers of foreign text and bytes: whatever they are given, nothing but a documented error."""
