"""Profiles of chains: each is fitted and measured on this machine, and what was measured is kept."""
