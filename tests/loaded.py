"""Preloaded state of every forked test process: slow imports, and the simulator's machine code.

Commands import most modules only where they are used; a process that is forked for one finds them here.
"""

# ruff: noqa: F401

import gc
import os
import pkgutil
from importlib import import_module

os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"  # the embedder sets them before it imports

import chromadb
import cma
import langchain_openai
import lightgbm
import ortools.sat.python.cp_model
import pandas
import plotly.graph_objects
import prompt_toolkit
import pyarrow.parquet
import sentence_transformers
import sklearn.linear_model
import statsforecast.models
import statsmodels.tsa.api

import aurora
import tests.cli.command
import tests.graphs.victim
from aurora.sim.compilation import compile_kernel

for module in pkgutil.walk_packages(aurora.__path__, "aurora."):
    if not module.name.endswith("__main__"):
        import_module(module.name)
compile_kernel()
gc.freeze()  # collections in forked processes leave these objects, and their pages, alone
