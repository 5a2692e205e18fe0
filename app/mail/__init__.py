"""Mail to people (misc.md §14): short messages in text and HTML, sent by SMTP; without a mail server the log has what must be known."""
