"""Trains policies by reinforcement: an environment, PPO with and without an LSTM, DQN and SAC.

May import `aurora.sim`; nothing else of `aurora.learning` but the reading of tensors.
"""
