"""Write a policy: an order of the waiting tasks, and rules that score the nodes.

    python examples/write_a_policy.py

docs/reference/policy-language.md lists the features that expressions may use.
"""

from statistics import mean

import aurora

POLICY = {
    "policy_id": "urgent-near",
    "policy_description": "urgent tasks first; the nearest node for tasks with a short limit, the cheapest for others",
    "allocation_strategy": {
        "order": "task.submit_time - 60 * task.priority",
        "decision_rules": [
            {"when": "task.sla_latency < 60", "score": "-fit.latency"},
            {"score": "-fit.cost + 0.001 * fit.cpu_left"},
        ],
    },
}

FAMILIES = ("batch", "services", "video", "sensors")


def main() -> None:
    """Compare the policy with three references on twenty scenarios, and show what an error looks like."""
    policies = [aurora.parse_policy(POLICY), *(aurora.REFERENCES[n] for n in ("first_fit", "cheapest", "fastest"))]
    scenarios = [aurora.generate(family, level=2, seed=seed) for seed in range(5) for family in FAMILIES]
    print(f"mean reward on {len(scenarios)} scenarios")
    for policy in policies:
        rewards = [aurora.score(aurora.simulate(s, policy), s).reward for s in scenarios]
        print(f"  {policy.policy_id:18} {mean(rewards):.3f}")

    wrong = {"policy_id": "wrong", "allocation_strategy": {"decision_rules": [{"score": "-fit.costs"}]}}
    try:
        aurora.simulate(scenarios[0], aurora.parse_policy(wrong))
    except aurora.PolicyError as error:
        print(f"PolicyError: {error}")


if __name__ == "__main__":
    main()
