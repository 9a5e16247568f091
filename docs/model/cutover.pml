/* One session under the rules of docs/cutover.md: two stores, two bridges with a web node each, a background mover (which also drains and
   copies back), a copier, an operator and one expiry. README.md says what is left out and how to run it.

   A store call is one atomic step. A change of phase is one atomic step too, taken while no call is under way: that the agreement
   makes it so is what barrier.pml checks.

   A row is a number, 0 for none, so that a fence is a copy of it: bit 0 present, 1-2 whose lock, 3-9 cookie, 10-12 value,
   13 whether it outlives the expiry. Each write has a value of its own, and each new session cookies of its own. */

#define FREE  0
#define PAGE  1
#define MOVER 2

#define row(v, c, w, e) (1 | ((w) << 1) | ((c) << 3) | ((v) << 10) | ((e) << 13))
#define lock(r)   (((r) >> 1) & 3)
#define cookie(r) (((r) >> 3) & 127)
#define value(r)  (((r) >> 10) & 7)
#define late(r)   (((r) >> 13) & 1)
#define renewed(r)  ((r) | 8192)
#define unlocked(r) ((r) & (32767 - 6))
#define FIRSTROW    row(7, 1, FREE, 0)
#define FIRSTLOCKED row(7, 1, PAGE, 0)     /* node 1 holds it */

#define PROXY    0
#define PREPARE  1
#define HANDOFF  2
#define HANDBACK 3
#define MIRROR   4
#define DONE     5

#define GET     0
#define GETX    1
#define SET     2
#define RELEASE 3
#define REMOVE  4
#define CREATE  5
#define BREAK   6  /* ReleaseExclusive with the cookie that a LockedError told */
#define TOUCH   7  /* the background mover's */

#define OK      0
#define NOTHERE 1
#define LOCKED  2
#define STALE   3
#define EXISTS  4

/* What a configuration sets. */
#ifndef FIRST
#define FIRST PROXY      /* the phase it begins in */
#endif
#ifndef TURNS
#define TURNS 2          /* changes of phase */
#endif
#ifndef CALLS
#define CALLS 3          /* calls of each node */
#endif
#ifndef CRASHES
#define CRASHES 1        /* bridges that crash, or calls that end in the middle */
#endif
#ifndef LOST
#define LOST 1           /* answers to a mover's delete that are lost */
#endif
#ifndef EXPIRIES
#define EXPIRIES 1
#endif
#ifndef STORECRASHES
#define STORECRASHES 0   /* of the old store, which forgets its last lock */
#endif
#ifndef FRESH
#define FRESH 0          /* 1: a move lets Expires count anew, as from a State Server */
#endif
#ifndef OUTAGES
#define OUTAGES 0        /* moments at which old cannot be reached in mirror */
#endif


#ifdef CALLS_OF_2
#define calls_of(i) ((i) == 1 -> CALLS : CALLS_OF_2)
#else
#define calls_of(i) CALLS
#endif

short o, n;              /* the row in old and in new */
byte phase = FIRST;
byte calling;            /* a bit a bridge with a call under way, the background mover's too */
byte now;                /* 1 once the sessions that nobody has renewed are dead */
byte crashes = CRASHES, lost = LOST, outages = OUTAGES, turns = TURNS;
bool swept, emptied;     /* a sweep of prepare, a pass of handoff has ended well */
bool copying;            /* the copier is between its first look and its last write */
bool copied;             /* copy-back has been through */
byte marks;              /* a bit a marker; bit 6: an outage left it, bit 7: a crash did */
byte ended;              /* nodes that have made all their calls */
#ifdef SLOW
byte overtakes = 1;      /* movers' locks that end although their mover is under way */
#endif
byte holder[2], moving;  /* who locked for a move, in old and in new; who is within his limit */

/* What must be: the value of the session (0: there is none), who owns its lock, who was given the last one, during whose call
   there was no session. */
byte must = 7, owner, last, absent;

#define dead(r)  ((r) != 0 && late(r) < now && lock(r) != MOVER)
#define live(r)  ((r) != 0 && !dead(r))
#define shown(r) (live(r) -> value(r) : 0)
#define in_old   (phase <= PREPARE || (phase <= HANDBACK && o != 0))
#define leads    (in_old -> o : n)
#define truth    shown(leads)

#define bit(i) (1 << (i))
#ifdef BUG_ONE_MARK
#define mark_of(i) 1     /* of the session, not of the call */
#else
#define mark_of(i) bit(i)
#endif
#define off(i) (255 - (1 << (i)))

inline gone() { must = 0; owner = 0; absent = calling }

/* A session that is over its time is gone once somebody has been told so, or has deleted it; until then it may go either way. */
#ifdef LOOSE
inline hold_true() { skip }
#else
inline hold_true() { assert(truth == must || (truth == 0 && leads != 0)) }
#endif

/* A verb, done by store x. */
inline verb_on(x) {
  if
  :: verb == CREATE && live(x) -> res = EXISTS
  :: verb == CREATE && !live(x) ->
     x = row(mine, mine * 16, FREE, 1); must = mine; owner = 0; last = 0; res = OK
  :: verb != CREATE && !live(x) ->
     res = NOTHERE;
     if
     :: x != 0 -> gone()
     :: else
     fi
  :: verb <= GETX && live(x) && lock(x) != FREE ->
     assert(lock(x) == PAGE);           /* nobody is told of a mover's lock */
     x = renewed(x); seen = cookie(x); res = LOCKED
  :: verb == GET && live(x) && lock(x) == FREE ->
     assert(value(x) == must); x = renewed(x); res = OK
  :: verb == GETX && live(x) && lock(x) == FREE ->
     assert(value(x) == must);
     assert(owner == 0);                /* no two owners */
     assert(cookie(x) % 16 < 15);         /* of the model: cookies of two sessions do not meet */
     x = row(value(x), cookie(x) + 1, PAGE, 1);
     held = cookie(x); owner = me; last = me; res = OK
  :: verb >= SET && verb != CREATE && live(x) && cookie(x) != with -> res = STALE
  :: verb == SET && live(x) && cookie(x) == with ->
     assert(last == me);                /* no older cookie writes */
     x = row(mine, with, FREE, 1); must = mine; owner = 0; res = OK
  :: (verb == RELEASE || verb == BREAK) && live(x) && cookie(x) == with ->
     x = renewed(unlocked(x)); owner = 0; res = OK
  :: verb == REMOVE && live(x) && cookie(x) == with ->
     assert(last == me);
     x = 0; gone(); res = OK
  fi;
  hold_true()
}

/* The end of a call: its locals are forgotten, so that they tell no states apart. */
inline end_call() {
  calling = calling & off(me); absent = absent & off(me); moving = moving & off(me);
  verb = 0; with = 0; mine = 0; res = 0; fo = 0; fn = 0; locked = 0; written = 0; owners = false
}

inline crash() {
  if
  :: marks & mark_of(me) -> marks = (marks & (255 - mark_of(me))) | 128
  :: else
  fi;
  if
  :: verb == GETX -> held = 0
  :: verb == SET && locked != 0 && owner == me -> owner = 0   /* his lock has become a mover's */
  :: else
  fi;
  end_call(); goto begin
}

inline may_crash() {
  if
  :: crashes > 0 -> crashes--; crash()
  :: true
  fi
}

inline answer() {
  assert(res != NOTHERE || (absent & bit(me)));
  if
  :: verb == SET || verb == RELEASE || verb == REMOVE ->
     assert(res == OK || owner != me);  /* the owner of the lock is not refused */
     held = 0
  :: verb == BREAK -> seen = 0
  :: else
  fi;
  end_call(); goto begin
}

/* A lock whose mover is over its limit is released by its fence f. */
inline release_aged(x, f, s) {
  atomic {
#ifdef SLOW
    x != f || !(moving & bit(holder[s])) || overtakes > 0;
    if
    :: x == f && (moving & bit(holder[s])) -> overtakes--; owner = 0
    :: else
    fi;
#else
    x != f || !(moving & bit(holder[s]));
#endif
    if
    :: x == f ->
#ifdef BUG_COOKIE_OF_MOVER
       x = row(value(x), cookie(x) - 1, FREE, late(x));
#else
       x = unlocked(x);
#endif
       holder[s] = 0; hold_true()
    :: else
    fi;
    goto again
  }
}

/* The row that a mover has locked: a read that was refused may have renewed it meanwhile. */
#ifdef BUG_RENEWAL_IS_CONFLICT
#define is_ours(x) ((x) == locked)
#else
#define is_ours(x) ((x) == locked || (x) == renewed(locked))
#endif

/* A row that is no more as it was seen stays, and all begins anew. */
inline delete_under(x, f) {
  if
  :: x == f -> x = 0
  :: x != f && x == 0
#ifdef BUG_GO_ON_AFTER_CONFLICT
  :: x != f && x != 0
#else
  :: x != f && x != 0 -> goto again
#endif
  fi;
  hold_true()
}

inline delete_dead(x, f) {
  if
  :: x == f -> x = 0; gone()
  :: else
  fi;
  hold_true()
}

/* The lock of a move in store x, on the row f. Only a lock that was applied is ours. */
inline lock_for_move(x, f, s) {
  locked = row(value(f), cookie(f) + 1, MOVER, late(f));
  if
  :: x == f ->
     assert(cookie(f) % 16 < 15);
     x = locked; holder[s] = me; moving = moving | bit(me); hold_true()
#ifdef BUG_ALREADY
  :: x != f && x == locked -> moving = moving | bit(me)
  :: x != f && x != locked -> goto again
#else
  :: x != f -> goto again
#endif
  fi;
  may_crash();
  written = row((owners -> mine : value(f)), cookie(f) + 1, FREE, ((owners || FRESH) -> 1 : late(f)))
}

inline choose_call() {
  left--;
  if
#ifndef NO_GET
  :: held == 0 -> verb = GET
#endif
  :: held == 0 -> verb = GETX
  :: held == 0 && seen != 0 -> verb = BREAK
  :: held == 0 -> verb = CREATE
  :: held != 0 -> verb = SET
  :: held != 0 -> verb = RELEASE
#ifndef NO_REMOVE
  :: held != 0 -> verb = REMOVE
#endif
  fi;
  with = (verb == BREAK -> seen : held);
  if
  :: verb == SET || verb == CREATE -> mine = (me - 1) * 3 + 1 + left
  :: else
  fi
}

/* Bridge 0 has the background mover, 1 and 2 a node each. */
proctype Bridge(byte me) {
  byte verb, with, mine, res, held, seen, left;
  short fo, fn, locked, written;
  bool owners;             /* the move is of what the owner of a page's lock sets */

  left = (me == 0 -> 0 : calls_of(me));
  held = (owner == me -> 1 : 0);
begin:
  atomic {
    if
    :: me == 0 && ((phase == HANDOFF && o != 0) || (phase == HANDBACK && n != 0) ||
                   (phase == MIRROR && (!copied || (marks & 192)))) -> verb = TOUCH
    :: me == 0 && phase == HANDOFF && o == 0 && !emptied -> emptied = true; goto begin
    :: me == 0 && ended == 2 && turns == 0 -> goto over
    :: left > 0 -> choose_call()
    :: me != 0 && left == 0 -> ended++; held = 0; seen = 0; goto over
    fi;
    calling = calling | bit(me);
    absent = (must == 0 -> (absent | bit(me)) : absent);
    if
    :: phase == PROXY  -> goto in_proxy
    :: phase == MIRROR -> goto in_mirror
    :: phase == DONE   -> goto in_done
    :: else
    fi
  }

again:
  atomic {
    moving = moving & off(me); owners = false; locked = 0; written = 0; fo = 0; fn = n;
    if
    :: phase == PREPARE  -> goto in_prepare
    :: phase == HANDOFF  -> goto in_handoff
    :: phase == HANDBACK -> goto in_handback
    :: else -> goto in_proxy      /* only where the barrier is forgotten */
    fi
  }

in_proxy:
  atomic { verb_on(o); may_crash(); answer() }

in_prepare:
  atomic {
    if
#ifdef BUG_PREPARE_REMOVE
    :: verb == SET -> delete_under(n, fn); may_crash()
#else
    :: verb == SET || verb == REMOVE -> delete_under(n, fn); may_crash()
#endif
    :: else
    fi;
    fn = 0; goto in_proxy
  }

in_done:
  atomic { verb_on(n); may_crash(); answer() }

in_handoff:
#ifdef BUG_OLD_FIRST
  fo = o;
#endif
  atomic {
#ifdef BUG_OLD_FIRST
    fn = n;
#else
    fo = o;
#endif
    if
    :: fo == 0 -> goto on_new
#ifdef BUG_DEAD_UNDER_LOCK
    :: fo != 0 && late(fo) < now -> goto dead_in_old
    :: fo != 0 && late(fo) >= now && lock(fo) == MOVER -> goto wait_in_old
#else
    :: fo != 0 && lock(fo) == MOVER -> goto wait_in_old
    :: dead(fo) -> goto dead_in_old
#endif
#ifdef BUG_PAGE_AS_MOVER
    :: live(fo) && lock(fo) == PAGE -> goto wait_in_old
#else
    :: live(fo) && lock(fo) == PAGE -> goto page_in_old
#endif
    :: live(fo) && lock(fo) == FREE -> goto move
    fi
  }

wait_in_old:
  release_aged(o, fo, 0);

dead_in_old:
  atomic { delete_under(n, fn); may_crash() };
  atomic { delete_dead(o, fo); may_crash(); goto again };

on_new:
  atomic {
    if
    :: verb == TOUCH -> end_call(); goto begin
#ifndef BUG_LEFTOVER
    :: verb != TOUCH && fn != 0 && lock(fn) == MOVER -> goto wait_in_new
#endif
    :: else
    fi;
    verb_on(n); may_crash(); answer()
  };

page_in_old:
  atomic {
    if
    :: verb == TOUCH -> end_call(); goto begin
    :: verb <= GETX ->
#ifdef BUG_LOCK_IN_OLD
       verb_on(o);
       if
       :: res == NOTHERE -> goto again
       :: res == OK && verb == GETX -> o = row(value(o), cookie(o), MOVER, late(o))   /* as its Since tells all others */
       :: else
       fi
#else
       if
       :: live(o) -> o = renewed(o); seen = cookie(fo); res = LOCKED
       :: else -> goto again
       fi
#endif
    :: verb == CREATE -> res = EXISTS
    :: verb >= SET && verb <= BREAK && verb != CREATE && with != cookie(fo) -> res = STALE
    :: (verb == RELEASE || verb == BREAK) && with == cookie(fo) ->
       verb_on(o);
       if
       :: res == OK
       :: else -> goto again
       fi
    :: verb == REMOVE && with == cookie(fo) ->
#ifndef BUG_HANDOFF_REMOVE
       delete_under(n, fn); may_crash();
#endif
       goto remove_in_old
    :: verb == SET && with == cookie(fo) -> owners = true; goto move
    fi;
    hold_true(); may_crash(); answer()
  };

remove_in_old:
  atomic {
    if
    :: o == fo -> assert(last == me); o = 0; gone(); res = OK
    :: o != fo -> goto again
    fi;
    hold_true(); may_crash(); answer()
  };

move:
  atomic { lock_for_move(o, fo, 0) };
#ifdef BUG_LOOK_AFTER_LOCK
  fn = n;
#endif
  atomic {
    if
#ifdef BUG_MOVE_WITHOUT_FENCE
    :: true -> n = written
#else
    :: n == fn -> n = written
    :: n != fn ->
#ifndef BUG_NO_UNLOCK
       if
       :: is_ours(o) -> o = fo; holder[0] = 0; hold_true()     /* unlocked, as it was */
       :: else
       fi;
#endif
       goto again
#endif
    fi;
    hold_true(); may_crash()
  };
  atomic {
    if
    :: is_ours(o) ->
       o = 0; holder[0] = 0;
       if
       :: owners -> assert(last == me); must = mine; owner = 0; res = OK
       :: !owners
       fi;
       hold_true(); may_crash();
       if
       :: lost > 0 -> lost--; goto answer_lost
       :: owners -> answer()
       :: !owners -> goto again
       fi
    :: !is_ours(o) ->
       if
       :: lost > 0 -> lost--; goto answer_lost
       :: true -> goto take_back
       fi
    fi
  };

answer_lost:       /* a row that is gone was deleted by us */
  atomic {
    if
    :: o == 0 && owners -> res = OK; answer()
    :: o == 0 && !owners -> goto again
    :: o != 0 -> goto take_back
    fi
  };

take_back:
  atomic {
#ifndef BUG_NO_TAKE_BACK
    if
    :: n == written -> n = 0
    :: else
    fi;
    hold_true(); may_crash();
#endif
    goto again
  };

in_handback:
#ifdef BUG_ANSWER_BY_LOOKING
  fo = o;
#endif
  atomic {
#ifdef BUG_ANSWER_BY_LOOKING
    fn = n;
#else
    fo = o;
#endif
    if
#ifndef BUG_LEFTOVER
    :: fo != 0 && lock(fo) == MOVER -> goto wait_in_old
    :: fo != 0 && lock(fo) != MOVER -> goto back_on_old
#else
    :: fo != 0 -> goto back_on_old
#endif
    :: fo == 0 && fn == 0 ->
#ifdef BUG_ANSWER_BY_LOOKING
       if
       :: verb <= GETX -> res = NOTHERE; answer()
       :: else
       fi;
#endif
       goto back_on_old
    :: fo == 0 && fn != 0 && lock(fn) == MOVER -> goto wait_in_new
    :: fo == 0 && dead(fn) -> delete_dead(n, fn); may_crash(); goto again
    :: fo == 0 && live(fn) && lock(fn) == PAGE -> goto page_in_new
    :: fo == 0 && live(fn) && lock(fn) == FREE -> goto move_back
    fi
  }

wait_in_new:
  release_aged(n, fn, 1);

back_on_old:
  atomic {
    if
    :: verb == TOUCH -> delete_under(n, fn); may_crash(); end_call(); goto begin
#ifndef BUG_HANDBACK_REMOVE
    :: verb == SET || verb == REMOVE -> delete_under(n, fn); may_crash()
#endif
    :: else
    fi;
    fn = 0; fo = 0; goto in_proxy
  };

page_in_new:
  atomic {
    if
    :: verb == TOUCH -> end_call(); goto begin
    :: verb <= GETX ->
       if
       :: o == 0 && live(n) -> n = renewed(n); seen = cookie(fn); res = LOCKED
       :: else -> goto again
       fi
    :: verb == CREATE -> res = EXISTS
    :: verb >= SET && verb <= BREAK && verb != CREATE && with != cookie(fn) -> res = STALE
    :: (verb == RELEASE || verb == BREAK) && with == cookie(fn) ->
       verb_on(n);
       if
       :: res == OK
       :: else -> goto again
       fi
    :: verb == REMOVE && with == cookie(fn) ->
       verb_on(n);
       if
       :: res == OK
       :: else -> goto again
       fi
    :: verb == SET && with == cookie(fn) -> owners = true; goto move_back
    fi;
    hold_true(); may_crash(); answer()
  };

move_back:
  atomic { lock_for_move(n, fn, 1) };
  atomic {
    if
    :: o == 0 ->
       o = written;
       if
       :: owners -> assert(last == me); must = mine; owner = 0; res = OK
       :: !owners
       fi;
       hold_true(); may_crash()
    :: o != 0 ->
       if
       :: n == locked -> n = 0; holder[1] = 0; hold_true()
       :: true
       fi;
       goto again
    fi
  };
  atomic {
    if
    :: n == locked -> n = 0; holder[1] = 0; hold_true(); may_crash()
    :: n != locked ->
#ifdef BUG_HANDBACK_TAKE_BACK
       if
       :: o == written -> o = 0
       :: else
       fi;
       hold_true()
#endif
    fi;
    if
    :: owners -> answer()
    :: !owners -> goto again
    fi
  };

in_mirror:
  atomic {
    if
    :: verb == TOUCH && (marks & 64)  -> with = 6
    :: verb == TOUCH && (marks & 128) -> with = 7
    :: verb == TOUCH && !copied -> with = me;
#ifndef BUG_COPY_BACK_WITHOUT_MARK
       marks = marks | mark_of(me)
#endif
    :: verb == TOUCH && copied && !(marks & 192) -> end_call(); goto begin
#ifndef BUG_NO_MARK
    :: verb != TOUCH -> marks = marks | mark_of(me); may_crash()
#else
    :: verb != TOUCH
#endif
    fi;
    if
    :: verb == TOUCH -> goto level
    :: else
    fi
  };
  atomic { verb_on(n); may_crash() };
level:
#ifdef BUG_NEW_FIRST
  fn = n;
  atomic {
    fo = o;
#else
  fo = o;
  atomic {
    fn = n;
#endif
    if
    :: outages > 0 && verb != TOUCH -> outages--; marks = (marks & (255 - mark_of(me))) | 64; answer()
    :: fo == fn && verb == TOUCH ->
       marks = marks & off(with);
       if
       :: with == me -> copied = true
       :: else
       fi;
       end_call(); goto begin
    :: fo == fn && verb != TOUCH -> marks = marks & (255 - mark_of(me)); answer()
    :: fo != fn
    fi
  };
  atomic {
    if
#ifdef BUG_LEVEL_WITHOUT_FENCE
    :: true -> o = fn
#else
    :: o == fo -> o = fn
    :: o != fo
#endif
    fi;
    fo = 0; fn = 0; may_crash(); goto level
  };

over:
  skip
}

/* The copier of proxy. It has a lease from before it looks at the phase until its write has taken place, or never will: one that is
   stopped, or has crashed, is waited for until its lease and a margin are over, and no call of its outlives that. */
proctype Copier() {
  short r, f;
  byte passes = 2;
  bool ours;
  do
#ifdef BUG_LEASE_AFTER_LOOK
  :: phase == PROXY && passes > 0 && turns > 0 -> copying = true; passes--; r = o;
#else
  :: atomic { passes > 0 && turns > 0 -> copying = true; passes-- };
     atomic {
       if
       :: phase == PROXY -> r = o
       :: phase != PROXY -> copying = false; break
       fi
     };
#endif
     f = n;
     atomic {
       if
       :: r != 0 && (f == 0 || ours) && n == f -> n = r; ours = true
       :: r == 0 && f != 0 && ours && n == f -> n = 0; ours = false
       :: true
       fi;
       hold_true();
       copying = false; r = 0; f = 0
     }
  :: atomic { passes == 0 || turns == 0 -> ours = false; break }
  od
}

#ifdef BUG_BARRIER
#define quiet true
#else
#define quiet (calling == 0)
#endif
#ifdef BUG_COPIER_NOT_WAITED
#define stopped true
#else
#define stopped (!copying)
#endif

inline enter(p) { phase = p; turns--; hold_true() }

proctype Operator() {
  short fo, fn;
  do
  :: atomic { turns > 0 && phase == PROXY && quiet && stopped -> swept = false; enter(PREPARE) }
  :: phase == PREPARE && !swept && turns > 0 ->
#ifdef BUG_NO_SWEEP
     swept = true
#else
     fn = n;
     fo = o;
     atomic {
       if
       :: fo == 0 && fn != 0 && n == fn -> n = 0; swept = true
       :: fo == 0 && fn != 0 && n != fn
       :: else -> swept = true
       fi;
       fo = 0; fn = 0; hold_true()
     }
#endif
  :: atomic { turns > 0 && phase == PREPARE && quiet && swept -> emptied = false; enter(HANDOFF) }
#ifndef FORWARD
  :: atomic { turns > 0 && phase == PREPARE && quiet -> enter(PROXY) }
  :: atomic { turns > 0 && phase == HANDOFF && quiet -> enter(HANDBACK) }
  :: atomic { turns > 0 && phase == HANDBACK && quiet -> emptied = false; enter(HANDOFF) }
  :: atomic { turns > 0 && phase == HANDBACK && quiet && n == 0 && lock(o) != MOVER -> enter(PROXY) }
  :: atomic { turns > 0 && phase == MIRROR && quiet && marks == 0 -> enter(HANDBACK) }
#endif
#ifndef NO_MIRROR
  :: atomic { turns > 0 && phase == HANDOFF && quiet && emptied && !(n != 0 && lock(n) == MOVER) -> copied = false; enter(MIRROR) }
  :: atomic { turns > 0 && phase == MIRROR && quiet -> marks = 0; enter(DONE) }
#endif
  :: atomic { ended == 2 && calling == 0 -> turns = 0; break }
  :: turns == 0 -> break
  od
}

/* What happens to the session by itself: it expires, once; the old store purges it, or crashes. */
proctype World() {
  byte storecrashes = STORECRASHES;
  do
  :: atomic { now < EXPIRIES -> now = 1; hold_true() }
  :: atomic { phase == PROXY && dead(o) -> o = 0; gone(); hold_true() }
  :: atomic {
       storecrashes > 0 && o != 0 && lock(o) == PAGE ->
       storecrashes--; owner = 0;
#ifdef BUG_COOKIE_AGAIN
       o = row(value(o), cookie(o) - 1, FREE, late(o))
#else
       o = row(value(o), cookie(o) + 2, FREE, late(o))
#endif
     }
  :: atomic { ended == 2 -> break }
  od;
#ifdef LOOSE
  ended == 2 && turns == 0 && calling == 0;
  assert(truth == must)
#endif
}

init {
  atomic {
    if
    :: FIRST == HANDOFF -> o = FIRSTLOCKED; n = row(1, 1, FREE, 0); owner = 1; last = 1   /* with a copy that is out of date */
    :: FIRST == HANDBACK -> n = FIRSTLOCKED; owner = 1; last = 1
    :: FIRST <= HANDOFF -> o = FIRSTROW
    :: FIRST == HANDOFF -> o = FIRSTROW; n = row(1, 1, FREE, 0)
    :: FIRST > HANDOFF -> n = FIRSTROW
    fi;
    run Bridge(0); run Bridge(1); run Bridge(2); run Operator(); run World();
#ifdef COPIER
    run Copier()
#endif
  }
}
