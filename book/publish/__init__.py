"""Makes of the built site what people take away: one PDF, one zip; and measures it with Lighthouse."""
