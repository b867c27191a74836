"""Reinforcement learning: the environment, PPO with and without an LSTM, DQN, SAC, and their evaluation.

May import `aurora.sim`, and of `aurora.learning` only the reading and writing of tensors.
"""
