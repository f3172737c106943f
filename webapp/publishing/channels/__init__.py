"""One package per channel; `webapp.publishing.channels.interface` describes what each offers."""
