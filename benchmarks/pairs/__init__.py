"""How well perfgate's live pairs repeat on unchanged code, compared with two plain layouts, and what they cost."""
