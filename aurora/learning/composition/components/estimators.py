"""Estimators of each family that is fitted by scikit-learn or LightGBM, with what its parameters mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aurora.errors import InputError
from aurora.learning.composition.components.component import Parameters, Recipe


def estimator_of(recipe: Recipe, seed: int) -> Any:
    """Return the estimator of a recipe, not fitted.

    Args:
        recipe: The recipe.
        seed: Random seed.

    Raises:
        InputError: There is no such family, or a parameter is missing.
    """
    make = FAMILIES.get(recipe.family)
    if make is None:
        raise InputError(
            f"there is no such family; there are {', '.join(FAMILIES)}", parameter="family", value=recipe.family
        )
    try:
        return make(recipe.parameters, seed)
    except KeyError as missing:
        raise InputError(f"the recipe of {recipe.family} lacks the parameter {missing}") from None


def _standardise(_: Parameters, __: int) -> Any:
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415  # takes seconds, as all of scikit-learn

    return StandardScaler()


def _min_max(_: Parameters, __: int) -> Any:
    from sklearn.preprocessing import MinMaxScaler  # noqa: PLC0415

    return MinMaxScaler()


def _pca(parameters: Parameters, seed: int) -> Any:
    from sklearn.decomposition import PCA  # noqa: PLC0415

    return PCA(int(parameters["width"]), random_state=seed)


def _select(parameters: Parameters, _: int) -> Any:
    from sklearn.feature_selection import SelectKBest, f_classif  # noqa: PLC0415

    return SelectKBest(f_classif, k=int(parameters["width"]))


def _products(_: Parameters, __: int) -> Any:
    from sklearn.preprocessing import PolynomialFeatures  # noqa: PLC0415

    return PolynomialFeatures(2, include_bias=False)


def _logistic(parameters: Parameters, _: int) -> Any:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    return LogisticRegression(C=float(parameters.get("c", 1.0)), max_iter=300)


def _naive_bayes(_: Parameters, __: int) -> Any:
    from sklearn.naive_bayes import GaussianNB  # noqa: PLC0415

    return GaussianNB()


def _tree(parameters: Parameters, seed: int) -> Any:
    from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415

    return DecisionTreeClassifier(max_depth=int(parameters["depth"]), min_samples_leaf=5, random_state=seed)


def _forest(parameters: Parameters, seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415

    return RandomForestClassifier(int(parameters["trees"]), min_samples_leaf=2, random_state=seed, n_jobs=1)


def _extra_trees(parameters: Parameters, seed: int) -> Any:
    from sklearn.ensemble import ExtraTreesClassifier  # noqa: PLC0415

    return ExtraTreesClassifier(int(parameters["trees"]), min_samples_leaf=2, random_state=seed, n_jobs=1)


def _boosting(parameters: Parameters, seed: int) -> Any:
    from lightgbm import LGBMClassifier  # noqa: PLC0415

    return LGBMClassifier(
        n_estimators=int(parameters["trees"]),
        num_leaves=int(parameters.get("leaves", 31)),
        random_state=seed,
        n_jobs=1,
        deterministic=True,
        force_row_wise=True,
        verbose=-1,
    )


def _knn(parameters: Parameters, _: int) -> Any:
    from sklearn.neighbors import KNeighborsClassifier  # noqa: PLC0415

    return KNeighborsClassifier(int(parameters["neighbours"]))


def _svc(parameters: Parameters, _: int) -> Any:
    """Return a support vector machine with Gaussian kernel and Platt's probabilities, cross-fitted on three folds."""
    from sklearn.calibration import CalibratedClassifierCV  # noqa: PLC0415
    from sklearn.svm import SVC  # noqa: PLC0415

    return CalibratedClassifierCV(SVC(C=float(parameters.get("c", 1.0))), ensemble=False, cv=3)


def _mlp(parameters: Parameters, seed: int) -> Any:
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415

    return MLPClassifier(
        (int(parameters["units"]),),
        max_iter=int(parameters.get("epochs", 40)),
        early_stopping=True,
        n_iter_no_change=6,
        random_state=seed,
    )


FAMILIES: Mapping[str, Callable[[Parameters, int], Any]] = {
    "standardise": _standardise,
    "min-max": _min_max,
    "pca": _pca,
    "select": _select,
    "products": _products,
    "logistic": _logistic,
    "naive-bayes": _naive_bayes,
    "tree": _tree,
    "forest": _forest,
    "extra-trees": _extra_trees,
    "boosting": _boosting,
    "knn": _knn,
    "svc": _svc,
    "mlp": _mlp,
}
"""Family -> what makes its estimator from parameters and a seed."""
