# ruff: noqa: E501  # lines as the commands print them
"""Output of Slurm's commands, written by hand after its documentation, for the tests of the reader."""

NODES = """\
NodeName=cn001 Arch=x86_64 CoresPerSocket=32 CPUAlloc=48 CPUEfctv=62 CPUTot=64 CPULoad=47.31 AvailableFeatures=zen3,ib ActiveFeatures=zen3,ib Gres=(null) NodeAddr=cn001 NodeHostName=cn001 Version=23.11.4 OS=Linux 5.14.0-362.el9.x86_64 #1 SMP PREEMPT_DYNAMIC Fri Oct 6 RealMemory=257000 AllocMem=196608 FreeMem=61000 Sockets=2 Boards=1 CoreSpecCount=2 State=MIXED ThreadsPerCore=1 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A Partitions=compute,debug BootTime=2026-06-01T08:00:00 SlurmdStartTime=2026-06-01T08:01:00 CfgTRES=cpu=62,mem=257000M,billing=62 AllocTRES=cpu=48,mem=192G CurrentWatts=0 AveWatts=0
NodeName=cn002 Arch=x86_64 CoresPerSocket=32 CPUAlloc=64 CPUTot=64 CPULoad=63.90 AvailableFeatures=zen3,ib ActiveFeatures=zen3,ib Gres=(null) RealMemory=257000 AllocMem=131072 FreeMem=100000 Sockets=2 Boards=1 State=ALLOCATED ThreadsPerCore=1 TmpDisk=0 Weight=1 Partitions=compute CfgTRES=cpu=64,mem=257000M AllocTRES=cpu=64,mem=128G
NodeName=cn003 Arch=x86_64 CPUAlloc=0 CPUTot=64 CPULoad=N/A AvailableFeatures=icelake ActiveFeatures=icelake Gres=(null) RealMemory=192000 AllocMem=0 FreeMem=N/A State=IDLE+DRAIN ThreadsPerCore=1 Partitions=compute CfgTRES=cpu=64,mem=192000M AllocTRES= Reason=bad DIMM B2, see ticket=17 [root@2026-06-14T22:51:00]
NodeName=cn004 Arch=x86_64 CPUAlloc=0 CPUTot=64 CPULoad=0.01 AvailableFeatures=icelake ActiveFeatures=icelake Gres=(null) RealMemory=192000 AllocMem=0 FreeMem=190000 State=DOWN*+DRAIN ThreadsPerCore=1 Partitions=compute CfgTRES=cpu=64,mem=192000M AllocTRES= Reason=Not responding [slurm@2026-06-15T01:00:00]
NodeName=gn01 Arch=x86_64 CPUAlloc=32 CPUTot=64 CPULoad=12.00 AvailableFeatures=zen3,a100 ActiveFeatures=zen3,a100 Gres=gpu:a100:4(S:0-1),shard:16 RealMemory=515000 AllocMem=245760 FreeMem=300000 State=MIXED ThreadsPerCore=1 Partitions=gpu CfgTRES=cpu=64,mem=515000M,gres/gpu=4,gres/gpu:a100=4 AllocTRES=cpu=32,mem=240G,gres/gpu=3,gres/gpu:a100=3
NodeName=gn02 Arch=x86_64 CPUAlloc=0 CPUTot=64 CPULoad=0.10 AvailableFeatures=zen3,h100 ActiveFeatures=zen3,h100 Gres=gpu:h100:4(S:0-1) RealMemory=515000 AllocMem=0 FreeMem=510000 State=IDLE~ ThreadsPerCore=1 Partitions=gpu CfgTRES=cpu=64,mem=515000M,gres/gpu=4 AllocTRES=
"""

NODES_ON_SEVERAL_LINES = """\
NodeName=cn001 Arch=x86_64 CoresPerSocket=32
   CPUAlloc=48 CPUTot=64 CPULoad=47.31
   AvailableFeatures=zen3,ib
   ActiveFeatures=zen3,ib
   Gres=(null)
   OS=Linux 5.14.0 #1 SMP
   RealMemory=257000 AllocMem=196608 FreeMem=61000 Sockets=2 Boards=1
   State=MIXED ThreadsPerCore=1 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A
   Partitions=compute,debug
   CfgTRES=cpu=64,mem=257000M,billing=64
   AllocTRES=cpu=48,mem=192G

NodeName=cn002 Arch=x86_64 CoresPerSocket=32
   CPUAlloc=64 CPUTot=64 CPULoad=63.90
   Gres=(null)
   RealMemory=257000 AllocMem=131072 FreeMem=100000
   State=ALLOCATED ThreadsPerCore=1
   Partitions=compute
"""

RESERVATIONS = """\
ReservationName=file-server StartTime=2026-06-15T18:00:00 EndTime=2026-06-15T23:00:00 Duration=05:00:00 Nodes=cn[001-002] NodeCnt=2 CoreCnt=128 Features=(null) PartitionName=(null) Flags=MAINT,SPEC_NODES TRES=cpu=128 Users=root Groups=(null) Accounts=(null) Licenses=(null) State=INACTIVE BurstBuffer=(null)
ReservationName=course StartTime=2026-06-16T08:00:00 EndTime=2026-06-16T12:00:00 Duration=04:00:00 Nodes=gn02 NodeCnt=1 CoreCnt=64 Features=(null) PartitionName=gpu Flags=SPEC_NODES TRES=cpu=64 Users=(null) Groups=(null) Accounts=physics Licenses=(null) State=INACTIVE
"""

DEFAULT_COLUMNS = """\
             JOBID PARTITION     NAME     USER ST       TIME  NODES NODELIST(REASON)
             81204   compute  climate     ines  R 1-07:12:00      2 cn[001-002]
       81455_[5-9]   compute    align     lena PD       0:00      1 (JobArrayTaskLimit)
             81533   compute  my prog     noor PD       0:00      1 (ReqNodeNotAvail, Reserved for maintenance)
             81390       gpu membrane     yuki  R   20:30:00      1 gn01
"""

LONG_COLUMNS = """\
Mon Jun 15 13:20:00 2026
             JOBID PARTITION     NAME     USER    STATE       TIME TIME_LIMI  NODES NODELIST(REASON)
             81584   compute submit.s   sleong  RUNNING       2:31 UNLIMITED      1 cn001
             81567   compute hellompi username COMPLETI       0:08   1:00:00      1 cn002
     81210_[3,5]%4   compute      m r       me  PENDING       0:00   1:00:00      1 (Resources)
"""

SEPARATED = """\
JOBID|PARTITION|NAME|USER|STATE|NODES|CPUS|MIN_MEMORY|TRES_PER_NODE|FEATURES|PRIORITY|TIME_LIMIT|SUBMIT_TIME|START_TIME|NODELIST(REASON)|DEPENDENCY
81204|compute|climate|ines|RUNNING|2|96|128G|N/A|(null)|9120|3-00:00:00|2026-06-13T22:00:00|2026-06-14T06:08:00|cn[001-002]|(null)
81390|gpu|membrane|yuki|RUNNING|1|16|6Gc|gres:gpu:a100:2|a100|6100|1-00:00:00|2026-06-14T09:00:00|2026-06-14T16:50:00|gn01|(null)
81455_[5-8%2]|compute|align|lena|PENDING|1|16|3072M|N/A|zen3|3990|12:00:00|2026-06-15T08:00:00|N/A|(JobArrayTaskLimit)|(null)
81512|compute|plots|ines|PENDING|1|8|64G|N/A|ib&(zen3|icelake)|9000|2:00:00|2026-06-15T04:00:00|N/A|(Dependency)|afterok:81204(unfulfilled)
81520|gpu|md-long|yuki|PENDING|2|32|96G|gres/gpu:4|(null)|6100|1-00:00:00|2026-06-15T07:00:00|2026-06-15T20:00:00|(Resources)|(null)
81530|compute,gpu|either|noor|PENDING|1|4|0|N/A|(null)|100|UNLIMITED|2026-06-15T07:00:00|N/A|(Priority)|afterany:80000
"""

SACCT = """\
JobID|JobName|User|Account|Partition|State|NNodes|NCPUS|ReqMem|AllocTRES|NodeList|Elapsed|Timelimit|Submit|Start|End|TotalCPU|MaxRSS|ExitCode|
81100|prep|ines|climate|compute|COMPLETED|1|8|16G|billing=8,cpu=8,mem=16G,node=1|cn001|01:00:00|02:00:00|2026-06-15T02:00:00|2026-06-15T02:10:00|2026-06-15T03:10:00|06:00:00||0:0|
81100.batch|batch||climate||COMPLETED|1|8||cpu=8,mem=16G,node=1|cn001|01:00:00||2026-06-15T02:10:00|2026-06-15T02:10:00|2026-06-15T03:10:00|06:00:00|8388608K|0:0|
81101|oom|ines|climate|compute|OUT_OF_MEMORY|1|4|8Gn|billing=4,cpu=4,mem=8G,node=1|cn002|00:10:00|02:00:00|2026-06-15T02:00:00|2026-06-15T02:10:00|2026-06-15T02:20:00|00:39:00||0:125|
81102|gone|lena|genomics|compute|CANCELLED by 1004|1|4|4Gc|||00:00:00|02:00:00|2026-06-15T02:00:00|Unknown|2026-06-15T02:20:00|00:00:00||0:0|
81204|climate|ines|climate|compute|RUNNING|2|96|128Gn|billing=96,cpu=96,mem=256G,node=2|cn[001-002]|1-07:12:00|3-00:00:00|2026-06-13T22:00:00|2026-06-14T06:08:00|Unknown|00:00:00||0:0|
"""

SCONTROL_JOBS = """\
JobId=81390 JobName=membrane UserId=yuki(1007) GroupId=chem(200) MCS_label=N/A Priority=6100 Nice=0 Account=chem QOS=normal JobState=RUNNING Reason=None Dependency=(null) Requeue=1 Restarts=1 BatchFlag=1 Reboot=0 ExitCode=0:0 RunTime=20:30:00 TimeLimit=1-00:00:00 TimeMin=N/A SubmitTime=2026-06-14T09:00:00 EligibleTime=2026-06-14T09:00:00 StartTime=2026-06-14T16:50:00 EndTime=2026-06-15T16:50:00 Deadline=N/A Partition=gpu AllocNode:Sid=login1:1234 ReqNodeList=(null) ExcNodeList=gn02 NodeList=gn01 BatchHost=gn01 NumNodes=1 NumCPUs=16 NumTasks=1 CPUs/Task=16 ReqB:S:C:T=0:0:*:* ReqTRES=cpu=16,mem=96G,node=1,billing=16,gres/gpu=2 AllocTRES=cpu=16,mem=96G,node=1,billing=16,gres/gpu=2,gres/gpu:a100=2 Socks/Node=* NtasksPerN:B:S:C=0:0:*:* CoreSpec=* MinCPUsNode=16 MinMemoryNode=96G MinTmpDiskNode=0 Features=a100 DelayBoot=00:00:00 OverSubscribe=OK Contiguous=0 Licenses=(null) Network=(null) Command=/home/yuki/run.sh --State=x WorkDir=/home/yuki StdOut=/home/yuki/o TresPerNode=gres:gpu:a100:2
JobId=81455 ArrayJobId=81455 ArrayTaskId=5-6 ArrayTaskThrottle=2 JobName=align UserId=lena(1004) Priority=3990 Account=genomics QOS=normal JobState=PENDING Reason=JobArrayTaskLimit Dependency=(null) TimeLimit=12:00:00 SubmitTime=2026-06-15T08:00:00 StartTime=Unknown Partition=compute ReqNodeList=(null) ExcNodeList=(null) NodeList=(null) NumNodes=1-1 NumCPUs=16 ReqTRES=cpu=16,mem=48G,node=1,billing=16 MinMemoryCPU=3G Features=(null) OverSubscribe=NO
"""


def number(value: float | None) -> dict[str, object]:
    return {"set": value is not None, "infinite": False, "number": 0 if value is None else value}


JSON_JOBS = {
    "meta": {"slurm": {"cluster": "hal", "version": {"major": "23"}}},
    "last_update": number(1781529600),
    "jobs": [
        {
            "job_id": 81204,
            "array_job_id": number(0),
            "array_task_id": number(None),
            "array_task_string": "",
            "name": "climate",
            "user_name": "ines",
            "account": "climate",
            "qos": "normal",
            "partition": "compute",
            "job_state": ["RUNNING"],
            "nodes": "cn[001-002]",
            "node_count": number(2),
            "cpus": number(97),
            "memory_per_node": number(131072),
            "memory_per_cpu": number(None),
            "tres_alloc_str": "cpu=97,mem=256G,node=2,billing=97",
            "tres_per_node": "",
            "time_limit": number(4320),
            "submit_time": number(1781388000),
            "start_time": number(1781417280),
            "end_time": number(1781676480),
            "priority": number(9120),
            "features": "",
            "dependency": "",
            "state_reason": "None",
            "cluster": "hal",
            "restart_cnt": 0,
        },
        {
            "job_id": 81520,
            "name": "md-long",
            "user_name": "yuki",
            "partition": "gpu",
            "job_state": "PENDING",
            "nodes": "",
            "node_count": 2,
            "cpus": 32,
            "memory_per_node": {"set": True, "infinite": False, "number": 98304},
            "tres_req_str": "cpu=32,mem=192G,node=2,billing=32,gres/gpu=8,gres/gpu:a100=8",
            "tres_per_node": "gres/gpu:a100:4",
            "time_limit": {"set": False, "infinite": True, "number": 0},
            "submit_time": 1781510400,
            "priority": 6100,
            "features": "a100|h100",
            "state_reason": "Resources",
            "dependency": "",
        },
        {
            "job_id": 81470,
            "array_job_id": number(81455),
            "array_task_id": number(None),
            "array_task_string": "7-8",
            "name": "align",
            "user_name": "lena",
            "partition": "compute",
            "job_state": ["PENDING"],
            "nodes": "",
            "node_count": number(1),
            "cpus": number(16),
            "memory_per_cpu": number(3072),
            "time_limit": number(720),
            "submit_time": number(1781510400),
            "priority": number(3990),
            "state_reason": "QOSMaxCpuPerUserLimit",
        },
    ],
}
