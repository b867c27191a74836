"""Preloaded state of every forked test process: slow imports, and the simulator's machine code."""

# ruff: noqa: F401

import os

os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"  # the embedder sets them before it imports

import chromadb
import cma
import langchain_openai
import sentence_transformers

import aurora.agents.roles.narrator
import aurora.cli.main
import aurora.evals.report
import aurora.graphs.run
import tests.cli.command
import tests.graphs.victim
from aurora.sim.compilation import compile_kernel

compile_kernel()
