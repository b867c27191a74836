"""Simulate policies on a scenario, see how far they are from what is possible, and ask why a task went where it went.

python examples/simulate_and_explain.py
"""

import aurora


def main() -> None:
    """Compare four policies on one scenario, and explain the best one."""
    scenario = aurora.generate("video", level=2, seed=7)
    print(f"{scenario.scenario_id}: {len(scenario.tasks)} tasks, {len(scenario.nodes)} nodes")

    rewards = {}
    for name in ("first_fit", "best_fit", "cheapest", "nearest"):
        outcome = aurora.simulate(scenario, aurora.load_policy(name))
        rewards[name] = aurora.score(outcome, scenario).reward
        latency, cost = outcome.summary.latency_mean, outcome.summary.cost
        print(f"  {name:9} reward {rewards[name]:.3f}, mean latency {latency:.1f} s, cost ${cost:.3f}")
    least = aurora.bounds(scenario)
    print(f"  no policy: mean latency under {least.latency:.1f} s, cost under ${least.cost:.3f}")

    best = aurora.load_policy(max(rewards, key=rewards.__getitem__))
    print()
    print(aurora.explain(scenario, best).text)
    print()
    print(aurora.explain_task(scenario, best, scenario.tasks[0].task_id).text)


if __name__ == "__main__":
    main()
