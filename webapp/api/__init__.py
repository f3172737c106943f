"""The machine's door: serializers, views, authentication."""
