"""Everything that speaks Slack, and the command line. No torch here."""
