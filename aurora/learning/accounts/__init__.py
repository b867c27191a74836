"""Accounts in a cloud: catalogues, configurations, histories and their simulation; from files, or generated.

Imports of AURORA only `aurora.learning.series.series` and what is below it.
"""

from aurora.learning.accounts.behaviour import BEHAVIOURS, MISS_PRICE, Behaviour
from aurora.learning.accounts.catalogue import (
    Catalogue,
    InstanceType,
    NetworkTier,
    StorageClass,
    catalogue_json,
    load_catalogue,
    synthetic_catalogue,
)
from aurora.learning.accounts.configuration import (
    KEEP,
    MOVES,
    Change,
    Configuration,
    apply_move,
    check_configuration,
    moves_between,
    valid_moves,
)
from aurora.learning.accounts.features import FEATURE, FEATURES
from aurora.learning.accounts.generator import PER_DAY, PERIOD, Population, Truth, generate, simulate
from aurora.learning.accounts.history import COLUMN, METRICS, Account, Metric, Rating, changes, check_account
from aurora.learning.accounts.reader import OPTIONAL, Histories, accounts_in, read_accounts, write_accounts
from aurora.learning.accounts.situation import situations
from aurora.learning.accounts.twin import busy_cores, fitted_workload

__all__ = [
    "BEHAVIOURS",
    "COLUMN",
    "FEATURE",
    "FEATURES",
    "KEEP",
    "METRICS",
    "MISS_PRICE",
    "MOVES",
    "OPTIONAL",
    "PERIOD",
    "PER_DAY",
    "Account",
    "Behaviour",
    "Catalogue",
    "Change",
    "Configuration",
    "Histories",
    "InstanceType",
    "Metric",
    "NetworkTier",
    "Population",
    "Rating",
    "StorageClass",
    "Truth",
    "accounts_in",
    "apply_move",
    "busy_cores",
    "catalogue_json",
    "changes",
    "check_account",
    "check_configuration",
    "fitted_workload",
    "generate",
    "load_catalogue",
    "moves_between",
    "read_accounts",
    "simulate",
    "situations",
    "synthetic_catalogue",
    "valid_moves",
    "write_accounts",
]
