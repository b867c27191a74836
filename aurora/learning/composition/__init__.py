"""Composition of inference applications: what they are made of, what finds the best, runs it and adapts it.

    catalogue     which components there are, and which are withdrawn
    pipelines     what a composition is: stages and branches, their rules, edits and text form
    tasks         data that compositions are made for
    components    how a component is fitted, kept on disk and loaded
    profiles      chains measured on this machine
    scores        accuracy, latency under load and cost of any composition; the reward
    spaces        every composition of a task, scored
    environment   what an agent is given: the problem, the observation, the `gymnasium` environment
    agents        agents that learn
    rivals        searches that do not
    searching     a search, its journal, and its result in words
    engine        deploys a composition: worker processes, swaps, rollback, HTTP, Ray Serve, KServe
    adaptation    recomposes a deployment as data, load or catalogue change

May import `aurora.learning.rl` and `aurora.learning.experiments`; nothing else of `aurora.learning`.
"""
