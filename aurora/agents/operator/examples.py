"""Wordings of each kind of question, one a line; see `questions`."""

WHY_HERE = """
what led the scheduler to place <thing> on its current node
<thing> why that node
explain <thing> placement
why did you put <thing> on <node>
why did it schedule <thing> there of all places
why is <thing> using <node>
why is <thing> using <node> instead of something else
<thing> landed on <node> how come
<thing> landed on <node> why
could <thing> have gone anywhere else
reasoning behind the placement of <thing>
what is the rationale for <thing> on <node>
why did the scheduler think <node> was good for <thing>
who decided that <thing> goes on <node>
why does <thing> sit where it sits
what was the logic behind putting <thing> on <node>
what are the grounds for <thing> being on <node>
why is <thing> on <node>
why is <thing> there
why does <thing> run on <node>
why is <thing> running on <node>
why did <thing> end up on <node>
why did <thing> land on <node>
why was <thing> placed on <node>
why was <thing> put there
why <node> for <thing>
why on <node>
why <thing> on <node>
why is <thing> where it is
why did the scheduler put <thing> on <node>
why did it choose <node> for <thing>
what made the scheduler choose <node> for <thing>
who put <thing> on <node> and why
explain why <thing> is on <node>
explain the placement of <thing>
explain where <thing> is
how did <thing> get to <node>
how did <thing> get onto <node>
how come <thing> sits on <node>
reason for <thing> on <node>
reason <thing> is on <node>
what is <thing> doing on <node>
what brought <thing> to <node>
could <thing> run elsewhere than <node>
where else could <thing> run
is <node> the right place for <thing>
why this node for <thing>
why is <thing> in <zone>
placement of <thing> on <node> why
tell me why <thing> went to <node>
why has <thing> been scheduled to <node>
justify <thing> on <node>
what speaks for <node> for <thing>
why there and not elsewhere <thing>
"""

WHY_WAITING = """
what does <thing> need in order to run
no node for <thing>
why does <thing> say it is not available
how long do i have to wait for <thing>
what are the waiting tasks waiting for
can not get <thing> to run
list everything that is unscheduled and tell me why
list everything that waits
<thing> has been pending for ages
<thing> pending again
<thing> is not coming up
<thing> has been sitting there for <time> why
why does <thing> stay pending
what is stopping <thing>
a lot of pending stuff why
what is <thing> hanging on
what is the problem with <thing> it does not start
why no node for <thing>
why is the scheduler not placing <thing>
why is the scheduler ignoring <thing>
what else does <thing> need
<thing> is unschedulable
how come <thing> has no node
why is <thing> waiting
why is <thing> pending
why does <thing> wait
why does <thing> not start
why is <thing> not running
why is <thing> not starting
why is <thing> not scheduled
why is <thing> not placed
why can <thing> not be placed
why can <thing> not be scheduled
why has <thing> no node
why does <thing> not get a node
why does <thing> not come up
why is <thing> not up
why is nothing happening with <thing>
what is <thing> waiting for
what does <thing> wait for
what keeps <thing> from running
what is blocking <thing>
what stops <thing> from starting
what prevents <thing> from being scheduled
what is holding up <thing>
what is the holdup with <thing>
when will <thing> start
when will <thing> finally run
when does <thing> run
<thing> is stuck
<thing> is pending why
<thing> stuck in pending
<thing> does not start
<thing> has been waiting for <time> why
what is wrong with <thing> it is pending
why are tasks waiting
why do tasks wait
why are pods pending
which tasks are waiting and why
what is pending
what is waiting
what is waiting and why
what is in the queue
what is stuck
show pending tasks
list waiting tasks
which tasks can not be placed
which jobs are queued
why is the queue not moving
are there unschedulable pods
is anything pending
anything waiting
explain the waiting tasks
explain why <thing> waits
reason for <thing> waiting
pending reason of <thing>
how long has <thing> been waiting
why has <thing> been waiting so long
why is <thing> still waiting
why is <thing> still not running
what does <thing> need to run
what is missing for <thing> to start
can <thing> be placed anywhere
where could <thing> fit
why is there no room for <thing>
why no room for <thing>
why does <thing> fit nowhere
what would it take to run <thing>
what would it take to get <thing> running
how do i get <thing> to start
"""

WHY_NOT = """
how could <thing> be made to fit on <node>
<thing> on <node> possible
is it possible to put <thing> on <node>
what rules out <node> for <thing>
what excludes <node> for <thing>
is <node> an option for <thing>
is there anything against putting <thing> onto <node>
what keeps <thing> from landing on <node>
what stops <thing> from going to <node>
<thing> could also run on <node> why does it not
why is <thing> there and not on <node>
why <node> and not <node> for <thing>
could <node> take <thing>
why is <thing> not on <node>
why not <node> for <thing>
why not put <thing> on <node>
why does <thing> not run on <node>
why did <thing> not go to <node>
why was <thing> not placed on <node>
why was <node> not chosen for <thing>
why was <node> passed over for <thing>
why can <thing> not run on <node>
why can <thing> not go to <node>
why can not <node> take <thing>
why does <thing> not fit on <node>
why does <node> not take <thing>
why did the scheduler not choose <node> for <thing>
why did the scheduler skip <node> for <thing>
why is <node> no option for <thing>
can <thing> run on <node>
could <thing> run on <node>
could <thing> go to <node> instead
can <node> take <thing>
can <node> host <thing>
does <thing> fit on <node>
would <thing> fit on <node>
will <thing> fit <node>
is there room for <thing> on <node>
is <node> big enough for <thing>
what keeps <thing> off <node>
what keeps <thing> away from <node>
what keeps <thing> from running on <node>
what prevents <thing> from running on <node>
what speaks against <node> for <thing>
what is wrong with <node> for <thing>
what would it take to put <thing> on <node>
what has to change so that <thing> runs on <node>
what must change to run <thing> on <node>
how could <thing> get onto <node>
<thing> not on <node> why
<thing> on <node> why not
reason <thing> is not on <node>
why was <thing> not scheduled to <node>
why did <node> not get <thing>
why is <node> not running <thing>
why did <thing> avoid <node>
why was <node> rejected for <thing>
"""

WHAT_IF_LOAD = """
would we be fine with a <pct> increase in load
simulate <thing> at <pct> of its load
if everything grew <pct> would tasks wait
<thing> demand times <num> do we have enough
do we have enough for <pct> more load
we will have twice as many requests is there room
twice as many requests on <thing>
what if we lost <pct> of the load
can we handle <pct> more customers
can the shop handle <pct> more
simulate <thing> load x <num>
load goes down by a quarter
everything needs <pct> more
all tasks need <pct> more
if <thing> uses <pct> more do we still fit
a rush of <num> x traffic
suppose traffic doubled
what if load grows by <pct>
what if load grows <pct>
what if the load increases by <pct>
what if load doubles
what if load goes up <pct>
what if traffic doubles
what if traffic to <thing> doubles
what if <thing> gets <pct> more traffic
what if <thing> needs <pct> more
what if demand rises by <pct>
what if the load of <thing> grows by <pct>
what if <thing> grows by <pct>
what if <thing> doubles
what if requests to <thing> triple
what happens if load doubles
what happens when we get twice the traffic
what happens with <num> times the load
what would happen with <pct> more load
can we handle twice the load
can we take <pct> more load
can the cluster take <pct> more traffic
could we cope with <pct> more load
do we survive <pct> more traffic
will it hold if load rises by <pct>
will we have enough room if load grows <pct>
is there room for <pct> more load
are we ok with <pct> more on <thing>
does <thing> still fit with <pct> more load
<pct> more load
<pct> more load on <thing>
plus <pct> load
load +<pct>
load x <num>
<num> x load
<num> x traffic on <thing>
<thing> load x <num>
<thing> +<pct>
suppose load increases by <pct>
suppose <thing> uses <pct> more
assume <pct> growth
assume demand doubles
simulate <pct> more load
simulate a spike of <pct> on <thing>
imagine the load is halved
what if load drops by <pct>
what if load is cut in half
what if traffic falls by <pct>
what if <thing> uses <pct> less
black friday with <pct> more traffic
how does the cluster look with <pct> more load
what breaks first if load doubles
what breaks at <pct> more load
whatif load <pct>
effect of <pct> more load
impact of <pct> higher demand
a spike of <pct>
we expect <pct> more traffic will it fit
"""

WHAT_IF_NODE_FAILS = """
<node> is going to die soon what should i expect
test the failure of <node>
are we resilient to a crash of <node>
<node> down which workloads are affected
does losing <node> hurt us
which tasks depend on <node>
<node> fails which tasks suffer
<node> panics which tasks suffer
if <node> failed where would its tasks go
can we survive the death of <node>
what is the damage if <node> fails
consequences if <node> fails
hardware fault on <node>
<node> just failed
how bad would it be to lose <node>
what if <node> fails
what if <node> dies
what if <node> goes down
what if <node> crashes
what if we lose <node>
what if <node> is lost
what if <node> breaks
what happens if <node> fails
what happens when <node> goes down
what happens to the tasks if <node> dies
what happens to <node> tasks when it dies
what would happen if <node> crashed
what would happen if <node> went offline
what breaks if <node> dies
what do we lose if <node> fails
can we survive losing <node>
can we lose <node>
do we survive the loss of <node>
do we survive <node> failing
could we lose <node> without trouble
is it bad if <node> dies
how bad is it if <node> goes down
suppose <node> fails
suppose <node> dies tonight
imagine <node> goes dark
assume <node> is dead
assume <node> is down
simulate a failure of <node>
simulate <node> failing
simulate the loss of <node>
failure of <node>
loss of <node>
outage of <node>
<node> fails
<node> dies
<node> down
<node> goes down what then
<node> crashes what happens
<node> just died what happens to its pods
blast radius of <node>
effect of <node> failing
impact of losing <node>
where would the tasks of <node> go if it fails
who gets the tasks if <node> dies
are we safe if <node> fails
will everything still run if <node> fails
does everything fit if <node> dies
what waits if <node> dies
kill <node> in a simulation
"""

WHAT_IF_ZONE_FAILS = """
<zone> gone how many tasks have no node
do we tolerate a failure of <zone>
are we resilient to losing <zone>
which tasks would wait without <zone>
what happens when <zone> is cut off
power outage in <zone> do we survive
is everything still up if <zone> goes away
<zone> fails what now
what if <zone> fails
what if <zone> goes down
what if we lose <zone>
what if zone <zone> dies
what if the whole zone <zone> is lost
what if all of <zone> goes offline
what if <zone> has an outage
what happens if <zone> fails
what happens if <zone> goes dark
what happens when the whole of <zone> goes down
what happens to the tasks if <zone> fails
what would happen if <zone> burned down
can we survive losing <zone>
can we survive an outage of <zone>
do we survive the loss of <zone>
do we survive if <zone> is gone
could we lose <zone>
suppose <zone> fails
suppose <zone> is gone
imagine <zone> goes down
assume <zone> is down
simulate an outage of <zone>
simulate a failure of <zone>
zone outage <zone>
loss of <zone>
failure of <zone>
outage in <zone>
<zone> fails
<zone> down
<zone> goes down what then
power cut in <zone>
blast radius of <zone>
effect of <zone> failing
impact of losing <zone>
are we safe if <zone> fails
is there enough room without <zone>
is the rest enough if <zone> dies
will everything still run if <zone> fails
does everything fit if <zone> is lost
disaster in <zone>
"""

WHAT_IF_PRICE = """
how does a <pct> price hike on <node> affect us
price hike of <pct>
if the vendor cut prices by a third
the vendor raises prices <pct>
energy makes nodes <pct> dearer cost
<pct> dearer nodes
<pct> cheaper nodes
our provider wants <pct> more from next month
what would the bill be if nodes were <pct> cheaper
prices halve
if <node> cost double how much more do we pay
how much would we save with a <pct> discount
what if prices rise by <pct>
what if prices go up <pct>
what if the price of <node> doubles
what if the price of <node> rises by <pct>
what if prices drop by <pct>
what if prices fall <pct>
what if nodes get <pct> dearer
what if nodes get <pct> cheaper
what if nodes cost <pct> more
what if <node> costs <pct> more
what if <node> gets <pct> cheaper
what if <node> costs twice as much
what if everything costs <pct> more
what if we get a <pct> discount
what if spot prices double
what happens if prices double
what happens to the bill if prices go up by <pct>
what happens to our cost if prices rise <pct>
what would we pay if prices rose by <pct>
what would it cost if prices went up <pct>
how much more would we pay if prices rise by <pct>
how much would we save if prices fell by <pct>
how much would a <pct> price increase cost us
price increase of <pct>
price +<pct>
prices +<pct>
prices x <num>
prices <num> x
price cut of <pct>
provider raises prices by <pct>
provider lowers prices <pct>
suppose prices double
suppose <node> becomes <pct> more expensive
assume the price of <node> is halved
simulate a price rise of <pct>
simulate prices up <pct>
effect of a <pct> price increase
impact of <pct> higher prices
cost if prices increase by <pct>
bill with <pct> higher prices
hourly rate up <pct>
whatif price <pct>
"""

WHAT_IF_ADD_NODES = """
suppose i give you <num> more <node>
one additional <node> does <thing> run then
extend the cluster by <num> nodes
expand by <num> nodes
how much would an extra node help
adding <num> nodes is it worth it
are <num> more nodes worth it
if i threw in <num> extra nodes would the pending tasks run
does another <node> get <thing> running
buy <num> more nodes what changes
how would the queue look with <num> more nodes
would <thing> run if we added <num> nodes
what if i add <num> nodes
what if i add a node
what if i add another node
what if we add <num> more nodes like <node>
what if we had <num> more nodes
what if we had one more <node>
what if we buy <num> machines
what if we get another <node>
what if we add a node like <node>
what if we add <num> of <node>
what if we add <num> nodes
what happens if i add <num> nodes
what happens if we add a node
what happens with <num> more machines
what would <num> more nodes change
what would <num> extra nodes bring
what would another node like <node> do
would <num> more nodes help
would another node help
would another node fix it
would an extra <node> help
does adding a node help
does adding <num> nodes fix the queue
do <num> more nodes place everything
is one more node enough
are <num> more nodes enough
will it fit with <num> more nodes
suppose we add <num> nodes
suppose we buy <num> nodes like <node>
imagine <num> more nodes
assume one more node like <node>
simulate adding <num> nodes
simulate <num> more nodes like <node>
add <num> nodes
add a node
add a node like <node>
add <num> nodes like <node> what changes
adding <num> nodes
<num> more nodes
<num> more nodes like <node>
<num> extra <node>
plus <num> nodes
one more node like <node>
scale the cluster out by <num> nodes
grow the cluster by <num> nodes
effect of <num> more nodes
impact of adding a node
should we buy <num> more nodes
do we need another node
"""

WHAT_IF_REMOVE_NODE = """
would anyone miss <node>
save money by removing <node>
turn off <node> for good
i would like to cancel <node> what breaks
can we get by without <node>
could we give <node> back to the provider
what would we save by removing <node>
suppose we sold <node>
is <node> actually needed
could <node> go
what if i remove <node>
what if we remove <node>
what if we take away <node>
what if we take out <node>
what if we give back <node>
what if we return <node>
what if we get rid of <node>
what if we turn off <node>
what if we shut down <node>
what if we decommission <node>
what if we retire <node>
what if <node> is removed
what if <node> were not there
what if there was no <node>
what if we sell <node>
what if we had no <node>
what happens if i remove <node>
what happens if we turn off <node>
what happens without <node>
what would happen if we scrapped <node>
what do we save if we remove <node>
what would we save without <node>
how much do we save by removing <node>
how much would we save if we gave up <node>
can i remove <node>
can i delete <node>
can we do without <node>
can we get rid of <node>
can we turn off <node>
can we switch off <node> to save money
can we shrink by <node>
could we live without <node>
could we drop <node> to save money
do we need <node>
do we need <node> at all
do we really need <node>
is <node> needed
is <node> dispensable
is it safe to remove <node>
is it safe to decommission <node>
suppose we remove <node>
suppose <node> is decommissioned
imagine <node> removed
simulate removing <node>
simulate the removal of <node>
remove <node>
remove <node> what changes
removal of <node>
without <node>
scale down by removing <node>
effect of removing <node>
impact of decommissioning <node>
downsize by <node>
do we still have enough room without <node>
is there enough capacity without <node>
"""

FORECAST = """
will <thing> need more soon
how will the cpu of <thing> develop until tomorrow
expected load on <thing> in <time>
forecast for <thing>
forecast <thing>
forecast the load of <thing>
forecast <thing> for the next hour
forecast <thing> <time>
forecast for the next hour
forecast cpu of <thing>
forecast memory of <thing>
forecast everything
predict <thing>
predict the load of <thing>
predict demand over the next <time>
predict cpu of <thing> for <time>
prediction for <thing>
how much will <thing> need
how much will <thing> need in the next hour
how much will <thing> need in <time>
how much cpu will <thing> use
how much cpu will <thing> use in the next hour
how much memory will <thing> use tomorrow
how many cores will <thing> need in <time>
how many cores will <thing> use soon
how busy will <thing> be in <time>
how busy will <thing> be in the next hour
how will the load of <thing> develop
how will load of <thing> change over <time>
what will <thing> need next hour
what will <thing> use in <time>
what will the load of <thing> be in <time>
what will demand be in <time>
what load do you expect for <thing>
what load do you expect in the next hour
what do you expect for <thing>
what do you expect <thing> to use
what comes next for <thing>
what is coming for <thing>
what is the expected load of <thing>
what is the forecast of <thing>
what is the outlook for <thing>
what does <thing> look like in <time>
expected demand of <thing>
expected usage of <thing> in the next hour
demand of <thing> over the next <time>
cpu of <thing> in the next <time>
load of <thing> next hour
is a spike coming for <thing>
is a spike coming
will <thing> grow in the next hour
will <thing> get busier
will there be a peak of <thing>
when is the next peak of <thing>
where is <thing> heading
trend of <thing>
<thing> next hour
<thing> in <time>
"""

RESERVE = """
how much cpu must i keep for <thing> to be on the safe side
how big a buffer should <thing> have for the next <time>
<pct> safety for <thing> how many cores
what is a safe amount of cpu to hold for <thing> over the next hour at <pct>
i want to be <pct> sure that <thing> has enough how much do i reserve
how much do i set aside so that it is enough <pct> of the time
how much should i reserve
how much should i reserve for <thing>
how much should we reserve to be <pct> sure
how much should i reserve for <thing> to be <pct> sure
how much to reserve for <thing> at <pct>
how much do i have to reserve for <thing>
how much do i need to reserve for the next hour
how much do we need to be <pct> safe
how much capacity do we need for <pct>
how much capacity does <thing> need with <pct> confidence
how much cpu do i have to set aside for <thing>
how much cpu do we need to cover <pct> of cases
how much headroom do i need for <thing>
how much headroom for <thing> at <pct>
how much buffer for <thing>
how much memory should i hold for <thing>
how many cores should i reserve for <thing>
how many cores should we reserve for <pct>
how many cores do we need to be <pct> sure
how many cores to be <pct> sure for <thing>
how many cores for <pct> confidence
how many cores cover <thing> with <pct>
how many cores are enough for <thing> with <pct> certainty
how many nodes should we reserve
what should i reserve for <thing>
what do i need to reserve for <thing> for the next <time>
what capacity covers <thing> with <pct>
what capacity is enough for <thing> with probability <pct>
what capacity do we need for <thing> in the next <time>
what is a safe reservation for <thing>
what is the <pct> reservation for <thing>
reserve for <thing>
reserve <thing> <pct>
reserve capacity for <thing> at <pct>
reservation for <thing> with <pct>
reserved capacity for <time> at <pct>
capacity for <thing> at <pct> confidence
capacity to cover <thing> <pct>
capacity at <pct>
<pct> capacity for <thing>
<pct> sure for <thing> how many cores
headroom for <thing>
enough for <pct> of the time
to be <pct> sure that <thing> has enough how much is needed
how much must be kept free for <thing>
"""

OVERSIZED = """
find workloads with inflated requests
inflated requests
what should the requests of <thing> be
how much do we over request overall
is the memory request of <thing> too low
is <thing> asking for too little
which of our workloads could be smaller
who is hogging memory they never use
are the requests of <thing> reasonable
are the requests of <thing> appropriate
could <thing> get by with less memory
over requested workloads
are we overprovisioned anywhere
are we overprovisioned
does <thing> really need that much
does <thing> really need <num> gib
can we trim the requests of <thing>
could the requests of <thing> be lower
is the memory limit of <thing> ok
is the cpu request of <thing> ok
is the request of <thing> right
what is oversized
which workloads are oversized
which workloads ask for too much
which workloads request more than they use
which pods request too much
which deployments are over provisioned
which services are overprovisioned
which containers are too big
who asks for too much
who is wasting resources
who is hogging cpu
who requests cpu without using it
what wastes resources
what is overprovisioned
where do we waste resources
where is the waste
where are we wasting money on requests
is anything oversized
is <thing> oversized
is <thing> overprovisioned
is <thing> too big
is <thing> sized right
is <thing> right sized
does <thing> request too much
does <thing> ask for too much memory
does <thing> need that much cpu
does <thing> use what it requests
does <thing> use all the memory it asks for
are the requests of <thing> too high
are the limits of <thing> right
are requests too high anywhere
could <thing> do with less
could <thing> be smaller
can i shrink the requests of <thing>
can i lower the requests of <thing>
how much does <thing> waste
how much cpu is wasted
how much is requested but not used
how oversized is <thing>
slack of <thing>
requested versus used
requests versus usage of <thing>
unused requests
rightsizing
rightsize <thing>
rightsizing for <thing>
right size the workloads
show overprovisioned workloads
list oversized containers
find wasted requests
what are the right requests for <thing>
what requests and limits should <thing> have
which workloads are too small
is <thing> undersized
biggest wasters
"""

BEST_POLICY = """
which of your policies gives us the best result
which policy gives the best result
which scheduling strategy would suit us best
what placement policy should we be running here and why
is there a better scheduling algorithm for our queue
which policy is best
which policy is best here
which policy is the best for this cluster
which policy is best for us and why
which policy should i use
which policy should we use here
which policy would you use
which policy would be best
which policy fits us best
which policy suits this cluster
which policy wins
which policy comes out on top
which policy is cheapest for us
which policy gives the lowest cost
which scheduler is best
which scheduler should we use
which algorithm works best here
which strategy is best for our load
what policy is best
what policy should i use
what policy do you recommend
what is the best policy
what is the best policy here
what is the best policy for this cluster
what is the best scheduler for us
what is the best way to place tasks here
what scheduling policy suits us
what scheduler would do better
best policy
best policy here
best scheduling policy
best placement strategy
rank the policies
rank policies
ranking of policies
rank all policies on this cluster
compare all policies
list the policies by reward
try all policies
which placement policy would save most
is there a better policy
is there a better scheduler than ours
is our policy any good
is <policy> the best policy
would another policy be better
would another scheduler be better
recommend a policy
suggest a scheduling policy
top policies
"""

COMPARE_POLICIES = """
compare <policy> and <policy>
compare <policy> with <policy>
compare <policy> to <policy>
compare <policy> against <policy>
<policy> vs <policy>
<policy> or <policy>
<policy> versus <policy>
<policy> against <policy>
<policy> better than <policy>
is <policy> better than <policy>
is <policy> cheaper than <policy>
is <policy> worse than <policy>
does <policy> beat <policy>
which is better <policy> or <policy>
which is cheaper <policy> or <policy>
which of <policy> and <policy> is better
which one is better <policy> or <policy>
what is the difference between <policy> and <policy>
what is better <policy> or <policy>
how does <policy> compare to <policy>
how does <policy> do against <policy>
how do <policy> and <policy> differ
how do <policy> and <policy> compare
how much better is <policy> than <policy>
difference between <policy> and <policy>
comparison of <policy> and <policy>
should i use <policy> or <policy>
should we switch from <policy> to <policy>
would <policy> do better than <policy>
would <policy> beat <policy>
what if we used <policy> instead of <policy>
what do we gain with <policy> over <policy>
put <policy> next to <policy>
run <policy> and <policy> against each other
show <policy> and <policy> side by side
"""

CHECK_PLAN = """
is plan <plan> valid
is plan <plan> still valid
is plan <plan> ok
is <plan> ok
is <plan> still good
is <plan> still valid
is <plan> safe
is <plan> safe to apply
is the plan valid
is the plan still valid
is this plan valid
is this plan ok
is that plan safe
can i apply <plan>
can i still apply plan <plan>
can plan <plan> still be applied
can the plan be applied
could <plan> be applied as it is
check plan <plan>
check <plan>
check the plan
check the last plan
validate plan <plan>
validate <plan>
verify <plan>
does plan <plan> still hold
does plan <plan> still fit
does <plan> break anything
does <plan> violate anything
does <plan> break a disruption budget
does <plan> respect all constraints
does the plan work
would plan <plan> work
would <plan> break anything
will <plan> go through
anything wrong with <plan>
anything wrong with the plan
any problems with <plan>
what is wrong with plan <plan>
what speaks against <plan>
what are the risks of <plan>
has plan <plan> expired
is plan <plan> out of date
show plan <plan>
show <plan>
what does plan <plan> do
what is in plan <plan>
what would plan <plan> change
plan <plan> valid
<plan> valid
status of plan <plan>
"""

MAKE_PLAN = """
sort out the pending tasks
make requests of <thing> fit its usage
give me a plan that starts <thing>
reduce <thing> to <num> replicas
i would like <num> replicas of <thing>
bump <thing> up to <num> tasks
come up with a plan for the pending tasks
find nodes for everything in the queue
make a plan
make a plan to place what waits
make a plan to place the waiting tasks
make a plan for the pending pods
make a plan for <thing>
make a plan to scale <thing> to <num>
make a plan to resize <thing>
make a plan for the waiting jobs
make me a plan that places everything
plan to place what waits
plan the placement of the pending tasks
plan for the queue
plan to scale <thing> to <num>
plan scaling <thing> to <num> replicas
plan the resize of <thing>
plan smaller requests for <thing>
plan the rightsizing
create a plan
create a plan for <thing>
create a plan to place <thing>
create a plan that scales <thing> to <num>
write a plan that gets <thing> running
write a plan to place pending tasks
draft a plan
draft a plan to right size the workloads
prepare a plan to scale <thing>
prepare a plan for the pending tasks
propose a plan
propose a plan for <thing>
find nodes for the pending tasks
find a place for <thing>
find a home for the waiting pods
find room for <thing>
find a node for <thing>
place what waits
place the waiting tasks
place the pending pods
place <thing>
place <thing> somewhere
place <thing> on <node>
put the pending pods somewhere
get the pending tasks running
get <thing> running
get <thing> scheduled
schedule what waits
schedule <thing>
schedule the pending pods
scale <thing> to <num>
scale <thing> to <num> replicas
scale up <thing> to <num>
scale <thing> down to <num>
set replicas of <thing> to <num>
give <thing> <num> replicas
run <num> replicas of <thing>
i want <num> replicas of <thing>
increase <thing> to <num> replicas
bring <thing> to <num> pods
resize <thing>
resize the oversized workloads
resize everything that is oversized
resize requests of <thing> to what it uses
apply the rightsizing to <thing> as a plan
shrink the requests of <thing>
lower the requests of <thing> to what it needs
fix the requests of <thing>
rightsize everything as a plan
move <thing> to <node>
"""

DRAIN = """
prepare <node> for replacement
<node> needs a new disk drain it
<node> gets replaced move its tasks
move everything away from <node> so we can patch it
drain <node>
drain node <node>
drain <node> please
drain <node> for maintenance
drain <node> safely
please drain <node>
i want to drain <node>
i need to drain <node>
i need <node> empty
i need <node> empty by tonight
i need to reboot <node>
i have to take <node> down for maintenance
we need to patch <node>
we have to reboot <node> how do we empty it
how do i drain <node>
how would i drain <node>
can i drain <node>
can i drain <node> now
can we drain <node> without downtime
can <node> be drained
can <node> be emptied
could we empty <node>
is it safe to drain <node>
what happens if i drain <node>
what if i drain <node>
where do the tasks of <node> go if i drain it
plan a drain of <node>
plan to drain <node>
make a plan to drain <node>
make a drain plan for <node>
create a plan that empties <node>
prepare <node> for maintenance
prepare maintenance of <node>
empty <node>
empty out <node>
evacuate <node>
evict everything from <node>
clear <node>
clear everything off <node>
vacate <node>
move everything off <node>
move all tasks off <node>
move all tasks away from <node>
get everything off <node>
get all pods off <node>
take all workloads off <node>
free up <node>
cordon and drain <node>
set <node> to drain
kubectl drain <node>
scontrol drain <node>
"""

RECOMMEND = """
what would you fix first here
what would you fix
how can i get more out of this cluster
what are the low hanging fruits
ways to cut the bill
ways to save money
what should be done next
what needs to be done
what would you do if this was your cluster
where do i start improving things
where do i start
what is the smartest thing to do now
how can we bring our cost down
give me your top suggestions
anything you would change about this cluster
anything you would change
what would you do first
what do you recommend
what would you recommend
what would you do
what would you change
what do you suggest
what should i do
what should i do next
what should i do now
what should we improve
what should we change
what should i fix first
what can i do
what can we do better
what can be improved
what can be optimised
what could be better
any advice
any suggestions
any recommendations
any ideas how to save money
any tips
advise me
give me recommendations
give me advice
recommend something
recommend improvements
recommendations please
recommend what to do
recommendations for this cluster
suggest improvements
suggest something
suggest how to save
how can i save money
how can we save money
how can we save cost
how could we spend less
how do we cut cost
how do we reduce cost
how can i reduce the bill
how do i make this cheaper
how can i improve the cluster
how do i improve utilisation
how can i make the cluster better
how do i optimise this
where can i save money
where can we save
where is money to be saved
where should i start
optimise the cluster
optimise cost
optimise my cluster
improve the cluster
save money
most urgent thing to do
what needs attention
what needs my attention
what is the most important problem
what are the biggest problems
what would help most
is there anything i should do
should i do something
"""

OVERVIEW = """
are we running hot
what does this cost us every hour
cost of the cluster
cpu usage overall
how is it going
quick status
give me a quick status
how much gpu is still available
how much memory is available
how many nodes are down
how many nodes are ready
sum up the state of things
how much is left in total
what shape is the cluster in
overview
overview of the cluster
give me an overview
status
status of the cluster
cluster status
cluster summary
summary
what is the status
what is the state of the cluster
what is going on
what is up with the cluster
what is the situation
what is running here
what do we have here
what have we got
what is in this cluster
what does the cluster look like
what does this cluster cost
what does it cost
what does it cost per hour
what does all this cost an hour
what do we pay
what do we pay per hour
what do we spend per hour
what is the cost per hour
what is our hourly bill
what is the total cost
how is the cluster
how is the cluster doing
how are we doing
how are things
how does it look
how does the cluster look
how full is the cluster
how full are we
how full is it
how busy is the cluster
how loaded are we
how utilised is the cluster
how much does the cluster cost
how much does it cost per hour
how much do we pay per hour
how much are we spending
how much is free
how much is used
how much room is left
how much cpu is free
how much memory is free in the cluster
how much cpu do we have in total
how much capacity is left
how many cores are free
how many nodes do we have
how many nodes are there
how many tasks are running
how many pods run here
how many gpus are free
are we full
are all nodes ready
are there any problems
is the cluster healthy
is everything ok
is everything fine
is there room left
is there any capacity left
cost per hour
hourly cost
utilisation of the cluster
cpu utilisation
total capacity
free capacity
show me the cluster
show the cluster
describe the cluster
tell me about the cluster
cluster health
report
anything wrong
which nodes are not ready
which nodes are cordoned
which nodes are in maintenance
is there any maintenance planned
"""

SHOW_NODE = """
how is <node> doing
how is <node>
<node> usage
why is <node> drained
why is <node> cordoned
why is <node> not ready
why is <node> so full
how much room is left on <node>
what is left on <node>
info on <node>
show <node>
show me <node>
show node <node>
describe <node>
describe node <node>
details of <node>
info about <node>
information on <node>
tell me about <node>
look at <node>
status of <node>
state of <node>
<node>
<node> details
<node> status
what is on <node>
what is running on <node>
what runs on <node>
what is up with <node>
what is wrong with <node>
what is the matter with <node>
what is the state of <node>
what does <node> run
what does <node> cost
what does <node> look like
which tasks are on <node>
which tasks run on <node>
which pods are on <node>
which workloads use <node>
who is on <node>
who uses <node>
list pods on <node>
list the tasks on <node>
how full is <node>
how busy is <node>
how loaded is <node>
how much is free on <node>
how much cpu is left on <node>
how much memory is free on <node>
how much room is on <node>
how much does <node> cost
how many pods are on <node>
is <node> full
is <node> ok
is <node> healthy
is <node> ready
is <node> cordoned
is <node> in maintenance
is there room on <node>
is there space left on <node>
usage of <node>
load of <node>
pods on <node>
kubectl describe node <node>
"""

SHOW_TASK = """
how much memory is <task> using
how much cpu is <task> using
details for <task>
memory of <task>
info on <task>
show task <task>
show pod <task>
show me <task>
show job <task>
show <task>
describe <task>
describe pod <task>
details of <task>
info about <task>
tell me about <task>
look at <task>
status of <task>
state of <task>
<task>
<task> details
<task> status
where is <task>
where does <task> run
where is <task> running
on which node is <task>
which node is <task> on
which node runs <task>
what is <task>
what does <task> request
what does <task> use
what is <task> using
what are the requests of <task>
what are the limits of <task>
how much cpu does <task> use
how much memory does <task> use
how much memory does <task> request
how often was <task> restarted
how many restarts has <task>
how long has <task> been running
is <task> running
is <task> healthy
is <task> ok
was <task> killed
was <task> oom killed
has <task> been restarted
did <task> crash
why was <task> restarted
usage of <task>
resources of <task>
kubectl describe pod <task>
scontrol show job <task>
priority of <task>
"""

SHOW_WORKLOAD = """
how many tasks of <workload> are there
how many <workload> tasks are there
details for <workload>
how much memory is <workload> using
what is <workload> asking for
show <workload>
show me <workload>
show workload <workload>
show deployment <workload>
describe <workload>
describe deployment <workload>
details of <workload>
info about <workload>
tell me about <workload>
look at <workload>
status of <workload>
state of <workload>
<workload>
<workload> details
<workload> status
where is <workload>
where does <workload> run
where are the pods of <workload>
where do the tasks of <workload> run
on which nodes is <workload>
on which nodes does <workload> run
which nodes run <workload>
which pods belong to <workload>
which pods does <workload> have
what is <workload>
what does <workload> request
what does <workload> use
what are the requests of <workload>
how is <workload> doing
how much cpu does <workload> use
how much cpu does <workload> request
how much memory does <workload> use
how much does <workload> ask for
how many replicas has <workload>
how many replicas does <workload> have
how many pods does <workload> have
how many pods of <workload> are running
how many copies of <workload> run
is <workload> running
is <workload> healthy
is <workload> ok
is <workload> up
are all replicas of <workload> up
usage of <workload>
resources of <workload>
replicas of <workload>
pods of <workload>
tasks of <workload>
list the pods of <workload>
kubectl get deployment <workload>
"""

FIND_NODES = """
which nodes are underused
which nodes are overloaded
underused nodes
where is the most free capacity
which nodes are maxed out
which node has the least to do
which node is the fullest
which nodes are the fullest
which nodes are full
which nodes are nearly full
which node is the busiest
which nodes are busy
which node is the most loaded
which node has the highest load
which node is the emptiest
which nodes are empty
which nodes are the emptiest
which nodes are idle
which nodes are free
which node has room
which node has the most room
which node has the most free memory
which node has most free cpu
which nodes have space left
which node is the dearest
which nodes are the dearest
which nodes are the most expensive
which node costs most
which nodes cost the most
what is the fullest node
what is the busiest node
what is the emptiest node
what is the most expensive node
what is our dearest machine
what are the hottest nodes
what are the least loaded nodes
where is room
where is there room
where is most room
where is free space
where is space left
where is it tight
where is it full
fullest nodes
fullest node
full nodes
emptiest nodes
emptiest node
empty nodes
idle nodes
dearest nodes
dearest node
most expensive nodes
hot nodes
hottest nodes
top nodes by usage
top <num> nodes
list nodes by price
list nodes by load
list nodes
list the nodes
list the fullest nodes
list all nodes
show nodes
show me the nodes
show the fullest nodes
show the emptiest nodes
show me the most expensive nodes
sort nodes by price
sort nodes by free cpu
rank nodes by usage
nodes in <zone>
fullest nodes in <zone>
which nodes are in <zone>
find an empty node
find idle nodes
find the fullest node
least used nodes
most used nodes
"""

HELP = """
what can this thing do
what can this do
list all your functions
what features do you have
what sort of things can i ask you
how do i use this thing
what are you able to answer
help
help me
help please
i need help
what can you do
what can i ask
what can i ask you
what can i ask here
what do you know
what do you do
what are you
what is this
what questions can you answer
what questions do you understand
what kind of questions can i ask
what are my options
what commands are there
what commands do you have
which commands are there
which questions do you understand
how do i use this
how does this work
how do you work
how can you help me
how do i ask you
how do i connect a model
how do i start
how to use
who are you
are you a model
are you an ai
list commands
list what you can do
show me what you can do
show help
show examples
examples
example questions
give me examples
usage
commands
manual
instructions
explain yourself
"""

APPLY_PLAN = """
<plan> looks good apply
<plan> looks fine go
do <plan>
apply plan <plan>
apply <plan>
apply the plan
apply this plan
apply it
apply the last plan
apply that plan now
please apply <plan>
execute plan <plan>
execute <plan>
execute the plan
carry out <plan>
carry out plan <plan>
carry out the plan
enact <plan>
implement plan <plan>
implement the plan
run plan <plan>
run the plan
do plan <plan>
do it
do the plan
go ahead with <plan>
go ahead with the plan
go ahead
put <plan> into action
put plan <plan> into effect
make <plan> happen
make it so
start plan <plan>
roll out <plan>
roll out the plan
deploy plan <plan>
deploy <plan>
commit plan <plan>
approve plan <plan>
approve <plan>
approve the plan
i approve <plan>
how do i apply <plan>
how do i apply the plan
yes apply <plan>
let us apply <plan>
let us do <plan>
ship <plan>
ship the plan
"""

ROLLBACK_PLAN = """
roll back plan <plan>
roll back <plan>
roll back the plan
roll back
rollback <plan>
rollback the last plan
rollback plan <plan> please
undo plan <plan>
undo <plan>
undo the plan
undo it
undo that
undo the last plan
undo what you did
undo the last change
undo the changes of <plan>
revert plan <plan>
revert <plan>
revert the plan
revert the last plan
revert what <plan> did
revert to before <plan>
reverse plan <plan>
reverse <plan>
take back <plan>
take back plan <plan>
take plan <plan> back
back out <plan>
back out of plan <plan>
cancel what <plan> did
put everything back as before <plan>
put it back
put things back the way they were
restore the state before <plan>
restore what was before the plan
go back to before <plan>
how do i roll back <plan>
how do i undo <plan>
how do i undo the plan
can i undo <plan>
can you undo plan <plan>
can plan <plan> be undone
"""

OTHER = """
show me a picture
forecast the weather
fix it
set replicas
make it faster
reserve a table
plan my holiday
scale my business
drain the pool
compare prices of laptops
which laptop should i buy
check my email
what is the service level of <thing>
is <thing> backed up
rotate the certificates
why did the build fail
which database should we buy
what is the difference between a task and a node
<node> is on fire
how many requests per second does <thing> get
what is the response time of <thing>
what is the throughput of <thing>
set up autoscaling for <thing>
configure an autoscaler for <thing>
which version of kubernetes runs here
which version runs here
remove the failed tasks
clean up the failed tasks
cancel <thing>
cancel task <thing>
increase memory of <thing> to <num> gib
turn off the lights
who is logged in on <node>
how many users are online
exec into <thing>
give me the yaml of <thing>
what is the temperature of <node>
open a ticket
when does the maintenance of <node> end
how old is the cluster
what is a daemonset
what is the name of this cluster
what is your name
restart <thing>
restart the <thing> task
reboot <node>
delete <thing>
delete the namespace
delete <node>
kill <thing>
stop <thing>
upgrade the cluster
upgrade <thing> to the newest version
update <node>
rename <node>
install kubectl
how do i install it
ssh into <node>
log into <node>
open a shell on <node>
show me the logs of <thing>
logs of <thing>
tail the logs
what does the log say
what is the latency of <thing>
what is the response time of <thing>
how fast is <thing>
how many errors does <thing> have
error rate of <thing>
why is the site slow
why is <thing> slow
why is <thing> so slow
why is <thing> crashing
what does error <num> mean
what does exit code <num> mean
what version of <thing> is deployed
which version of kubernetes is this
which image does <thing> use
who deployed <thing>
who deployed <thing> yesterday
who changed <thing>
who owns <thing>
when was <thing> deployed
when was the last deployment
what changed since yesterday
what happened last night
what happened yesterday
who is on call
set an alert for <node>
create an alert
page the team
send me an email
write a helm chart
write a yaml for <thing>
write me a script
generate a manifest
what is the bandwidth between zones
what is the network traffic of <node>
how much disk is left on <node>
what port does <thing> listen on
what is the ip of <node>
is the certificate expired
is there a security problem
are there vulnerabilities in <thing>
which user submitted the most tasks
how much did we spend last month
what was the bill last month
what did i ask before
what did you say
repeat that
thank you
thanks a lot
hello
good morning
good evening
how are you
goodbye
bye
you are wrong
that is wrong
nice work
well done
yes
no
maybe
what is the weather
will it rain tomorrow
tell me a joke
what time is it
what day is today
who won the match
what is the capital of france
translate this
what is kubernetes
what is a pod
what is slurm
explain kubernetes to me
how does a scheduler work
who wrote you
who made you
write a poem
sing a song
order a pizza
what is the meaning of life
how old are you
increase the disk of <thing>
give <thing> more memory
add a label to <node>
taint <node>
change the image of <thing>
deploy a new version of <thing>
expose <thing>
create a namespace
create a user
grant access to <thing>
back up <thing>
restore the backup of <thing>
migrate <thing> to another cluster
"""
"""What is none of the desk's business, so that it is not taken for a question that resembles it."""
