"""E-mail, by the mail server that the operator names in MAIL_URL."""
