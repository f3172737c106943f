"""`make demo`: the main job on a small real project, really measured."""
