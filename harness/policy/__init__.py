"""The gate's policy, ``escape-velocity.toml``: its `file`, and the `model` that rules apply."""
