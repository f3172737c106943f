"""One module per command in comments; `webapp.inbox.comment_commands` lists them."""
