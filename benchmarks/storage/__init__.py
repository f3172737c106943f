"""The limits that perfgate's storage promises to keep, each beside its rival in the same run."""
