"""What channels should show and do, and its delivery.

The outbox stores one `Publication` row per target; the publisher delivers changed rows through their channel. Each channel
is one package in `webapp.publishing.channels`.
"""
