"""Questions of which a part would be left out or guessed are asked back."""

import pytest

from aurora.agents.operator.answering.talk import POLICY_IDS
from aurora.agents.operator.understanding.doubts.vocabulary import unexplained
from aurora.agents.operator.understanding.meaning import understand
from aurora.agents.operator.understanding.names import Names
from aurora.cluster.samples import load_sample
from aurora.evals.understanding import same_slots
from aurora.tools.desk import Desk


@pytest.fixture(scope="module")
def names():
    samples = ("web-shop", "gpu-cluster", "hpc-queue")
    return {sample: Names(Desk([], snapshot=load_sample(sample)), (), POLICY_IDS) for sample in samples}


@pytest.mark.parametrize(
    ("sample", "question"),
    [
        ("web-shop", "drain all nodes except node-a1"),
        ("web-shop", "what if every node but node-a1 goes down"),
        ("web-shop", "I don't want to remove node-b2, just see how full it is"),
        ("web-shop", "what if api gets 30% more load and web 20% less"),
        ("web-shop", "what if load rises by 50 to 60 %"),
        ("web-shop", "what if web grows by 30 percent per day for 3 days"),
        ("web-shop", "what if we add 2 nodes and remove node-a1"),
        ("web-shop", "what if node-a1 fails while node-a2 is drained"),
        ("web-shop", "what if one of the b nodes fails"),
        ("web-shop", "how do I drain a node with kubectl"),
        ("web-shop", "scale up all deployments to 5"),
        ("web-shop", "resize web to 2 cores"),
        ("web-shop", "reserve 20% headroom for web"),
        ("web-shop", "what will traffic on checkout be next weekend"),
        ("web-shop", "when was plan abc123def456 applied"),
        ("web-shop", "what if I roll back abc123def456"),
        ("web-shop", "take web off node-a1"),
        ("web-shop", "best policy for web"),
        ("web-shop", "node-b1?"),
        ("web-shop", "drain node-a1 but not before tomorrow"),
        ("web-shop", "drain node-b2 only if nothing goes pending"),
        ("web-shop", "apply plan 1a2b3c4d5e6f once the sale is over"),
        ("web-shop", "is there a plan for node-a1"),
        ("web-shop", "who drained node-a1"),
        ("web-shop", "how long does draining node-a1 take"),
        ("web-shop", "undo the drain of node-a1"),
        ("web-shop", "can plan 1a2b3c4d5e6f be undone"),
        ("web-shop", "which workloads are too small"),
        ("web-shop", "what if either node-a1 or node-b1 fails"),
        ("web-shop", "should i remove node-a1 or node-b1"),
        ("web-shop", "why is cart not on node-a1 or node-a2"),
        ("web-shop", "how many cores will the worker need in 2 hours"),
        ("web-shop", "what if node-a1 fails for two hours"),
        ("web-shop", "what if traffic goes up 20% at night"),
        ("web-shop", "what if prices double for gpu nodes only"),
        ("web-shop", "what if we had one node less"),
        ("web-shop", "what if we add two nodes in eu-1b"),
        ("web-shop", "forecast web for yesterday"),
        ("web-shop", "reserve web at 3 am for 2 hours"),
        ("web-shop", "delete the pending pods"),
        ("web-shop", "which policy do you use now"),
        ("web-shop", "best policy for batch jobs only"),
        ("web-shop", "I don't care why train-ranking waits, just place it"),
        ("web-shop", "after node-a1 failed, what if node-a2 fails"),
        ("web-shop", "keep node-a1, drain node-a2"),
        ("web-shop", "drain node-a2 not node-a1"),
        ("web-shop", "web forecast next 15 min and next 2 hours"),
        ("web-shop", "scale cart up by 50%"),
        ("web-shop", "please drain node-c2, node-c3 can stay"),
        ("web-shop", "I have a meeting in five minutes and nobody told me"),
        ("web-shop", "details of the cart pod that sits on node-a2, 3 of them"),
        ("gpu-cluster", "how much gpu memory will embeddings need in 2h"),
        ("gpu-cluster", "what prevents distil from using a100-2 or a100-3"),
        ("web-shop", "best policy if b2 fails"),
        ("web-shop", "how many nodes to reserve for 99% safety"),
        ("web-shop", "how much to reserve for all pods on node-a1"),
        ("web-shop", "compare the forecast of web and cart for 1h"),
        ("web-shop", "what if we add a bigger node"),
        ("web-shop", "forecast the cost for next month"),
        ("web-shop", "how much should web request at p90 and p99"),
        ("web-shop", "cart should have three times as many pods"),
        ("gpu-cluster", "how much do we pay for idle gpus?"),
        ("gpu-cluster", "emptiest gpu node?"),
        ("hpc-queue", "why are noor's jobs waiting and omar's not"),
        ("gpu-cluster", "how much for gpu training"),
        ("gpu-cluster", "what if one gpu of a100-1 breaks"),
        ("hpc-queue", "why is 81540 behind 81544"),
        ("hpc-queue", "why does 81540 wait but 81544 run"),
        ("hpc-queue", "drain cn01-cn04 but keep cn02"),
        ("gpu-cluster", "order two more H100 boxes"),
        ("gpu-cluster", "why is pretrain-70b pending"),
        ("gpu-cluster", "add one gpu to t4-1"),
        ("hpc-queue", "why is job 81599 waiting"),
        ("hpc-queue", "what if cn01-cn20 die"),
    ],
)
def test_what_would_be_left_out_or_guessed_is_asked_back(names, sample, question):
    meaning = understand(question, names[sample])
    assert (meaning.kind, meaning.several) == (None, ())


@pytest.mark.parametrize(
    ("sample", "question", "kind", "slots"),
    [
        ("web-shop", "what if load falls to a third", "what_if_load", {"factor": 0.3333333333, "workload": "all"}),
        ("web-shop", "take two replicas away from web", "make_plan",
         {"goal": "scale", "workload": "shop/Deployment/web", "replicas": 8}),
        ("web-shop", "what if prices of eu-1a rise by 20%", "what_if_price",
         {"factor": 1.2, "node": ["node-a1", "node-a2", "node-a3", "node-a4"]}),
        ("hpc-queue", "fcfs with easy backfilling or sjf with easy backfilling?", "compare_policies",
         {"policies": ["fcfs+easy", "sjf+easy"]}),
        ("web-shop", "drain node-b1 b4 the 14:00 maintenance", "drain", {"node": "node-b1"}),
        ("web-shop", "forecast of the order worker for 90 min", "forecast",
         {"workload": "shop/Deployment/orders-worker", "horizon": 5400}),
        ("web-shop", "cart with nine pods instead of four, plan it", "make_plan",
         {"goal": "scale", "workload": "shop/Deployment/cart", "replicas": 9}),
        ("hpc-queue", "show lena's job 81418", "show_task", {"task": "81418"}),
    ],
)  # fmt: skip
def test_names_and_amounts_are_those_of_the_question(names, sample, question, kind, slots):
    meaning = understand(question, names[sample])
    assert meaning.kind == kind
    assert same_slots(slots, meaning.slots)


def test_words_that_no_example_of_a_kind_has_are_unexplained():
    assert unexplained("drain", "drain <node> today") == ()
    assert unexplained("drain", "drain <node> xylophone") == ("xylophone",)
