"""How well perfgate's own live pairs repeat on unchanged code, beside two plain layouts, and what they cost."""
