"""A Slack workspace on localhost: Web API, Socket Mode, a control API to act as people do, and a page to chat in."""
