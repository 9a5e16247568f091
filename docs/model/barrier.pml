/* The change of a phase, as docs/cutover.md has it: two bridges, two coordinators, a crash, leases that run out. A phase is a number; to
   act by it is a call that begins and ends. README.md says what is left out and how to run it. */

#define SETTLED   0
#define ANNOUNCED 1
#define HOLDING   2

#ifndef CHANGES
#define CHANGES 2        /* phases settled */
#endif
#ifndef BACKS
#define BACKS 2          /* holdings that are over their limit */
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef LAPSES
#define LAPSES 1         /* leases that run out though their holder lives */
#endif

#define NONE 0
#define LIVE 1
#define LATE 2           /* its time is over, its margin is not: it still counts */
#define LOST 3

/* The agreement. */
byte epoch, stage, phase;
byte lease[2];           /* of the bridges */
byte confirmed[2];       /* the epoch that each has confirmed */
byte changes = CHANGES, backs = BACKS, crashes = CRASHES, lapses = LAPSES;

/* What is watched: by which phase each bridge acts, plus one; 0: no call is under way. */
byte acts[2];
bool crashed[2];

#define counts(i) (lease[i] == LIVE || lease[i] == LATE)
#define all_confirmed(e) ((!counts(0) || confirmed[0] == e) && (!counts(1) || confirmed[1] == e))

inline never_differently() {
  assert(acts[0] == 0 || acts[1] == 0 || acts[0] == acts[1]);
  assert(acts[0] == 0 || acts[0] == phase + 1);
  assert(acts[1] == 0 || acts[1] == phase + 1)
}

inline agree(e, s, p) {
#ifdef BUG_NO_CAS
  epoch++; stage = s; phase = p;
#else
  if
  :: epoch == e -> epoch++; stage = s; phase = p
  :: epoch != e
  fi;
#endif
  never_differently()
}

proctype Bridge(byte me) {
  byte e, s, p;          /* as it has read them */
  bool mine;             /* it may act: its lease is live as far as it knows */
  do
  /* It takes or renews its lease, confirms what it has read before if nothing earlier is under way, and reads. */
  :: atomic {
       mine && lease[me] == LIVE ->
       if
#ifdef BUG_CONFIRM_WITH_CALLS
       :: true -> confirmed[me] = e
#else
       :: s != HOLDING || acts[me] == 0 -> confirmed[me] = e
       :: s == HOLDING && acts[me] != 0
#endif
       fi;
       e = epoch; s = stage; p = phase
     }
  :: atomic {            /* it begins anew, and has nothing under way */
       !mine && !crashed[me] && acts[me] == 0 ->
       lease[me] = LIVE; e = epoch; s = stage; p = phase; mine = true; confirmed[me] = e
     }
  :: atomic {            /* a call begins */
       mine && acts[me] == 0 && lease[me] == LIVE &&
#if defined(BUG_ACTS_WHILE_HOLDING) || defined(BUG_BEFORE_SETTLED)
       true
#else
       s != HOLDING
#endif
       ->
#ifdef BUG_BEFORE_SETTLED
       acts[me] = (s == HOLDING -> p + 2 : p + 1);
#else
       acts[me] = p + 1;
#endif
       never_differently()
     }
  :: atomic { mine && acts[me] != 0 -> acts[me] = 0 }
  /* Its calls end before its lease does. */
  :: atomic {
       mine && lapses > 0 && lease[me] == LIVE ->
       lapses--; lease[me] = LATE;
#ifndef BUG_ACTS_WITHOUT_LEASE
       mine = false; acts[me] = 0; e = 0; s = 0; p = 0
#endif
     }
  /* A holding that is over its limit is ended by whoever finds it so. */
  :: atomic { mine && s == HOLDING && backs > 0 && lease[me] == LIVE -> backs--; agree(e, ANNOUNCED, p) }
  :: atomic {
       crashes > 0 && mine ->
       crashes--; crashed[me] = true; mine = false; lease[me] = LATE;
#ifndef BUG_CALL_OUTLIVES
       acts[me] = 0
#endif
     };
     break
  :: changes == 0 -> break
  od
}

/* By the clock of the new store a lease is lost when its time and a margin are over. */
proctype Clock() {
  do
  :: atomic { lease[0] == LATE -> lease[0] = LOST }
  :: atomic { lease[1] == LATE -> lease[1] = LOST }
  :: changes == 0 -> break
  od
}

proctype Coordinator() {
  byte e, s, p;
  bool all;
  do
  :: atomic { changes > 0 -> e = epoch; s = stage; p = phase; all = all_confirmed(e) };
     atomic {
       if
       :: s == SETTLED -> agree(e, ANNOUNCED, p)
       :: s == ANNOUNCED && all -> agree(e, HOLDING, p)
#ifdef BUG_SETTLE_UNCONFIRMED
       :: s == HOLDING ->
#else
       :: s == HOLDING && all ->
#endif
          if
          :: epoch == e && changes > 0 -> changes--
          :: else
          fi;
          agree(e, SETTLED, p + 1)
       :: s == HOLDING && !all && backs > 0 -> backs--; agree(e, ANNOUNCED, p)
       :: s != SETTLED && !all
       fi;
       e = 0; s = 0; p = 0; all = false
     }
  :: changes == 0 -> break
  od
}

init { atomic { run Bridge(0); run Bridge(1); run Clock(); run Coordinator(); run Coordinator() } }
