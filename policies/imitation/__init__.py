"""Imitation for two hands: many songs, one policy (docs/imitation.md).

Training needs the extras ``train`` and ``dataset``; playing what was trained needs neither.
"""
