/* `migrate --follow` and `ctl cut-over` without a bridge, for one session: a source with its application, a target on which somebody may
   act before its time, the copier with its ledger, and a crash of the copier at any step. README.md says what is left out.

   A store call is one atomic step, and so is a synced write of the ledger. A row is a number, 0 for none, so that a fence is a copy of
   it: bit 0 present, 1 locked, 2-5 cookie, 6-8 value. Each write has a value of its own. */

#define row(v, c, w) (1 | ((w) << 1) | ((c) << 2) | ((v) << 6))
#define locked(r)    (((r) >> 1) & 1)
#define cookie(r)    (((r) >> 2) & 15)
#define value(r)     (((r) >> 6) & 7)

#ifndef CALLS
#define CALLS 4          /* of the source's application */
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef TOUCHES
#define TOUCHES 1        /* calls of the target's application before the cut-over */
#endif

/* What the ledger says of the session, as on the disk and as in memory. */
typedef Entry { bool known, done; short before, after }
Entry disk, mem;

short s, t;              /* the row in the source and in the target */
bool stopped;            /* the source's application is */
bool over;               /* the copier has said that all is in the target */
byte crashes = CRASHES, touches = TOUCHES;

/* A write of the copier that was on its way when it crashed. */
bool late;
short lateExpect, lateRow;

/* What the target's application has done to its row, if it is its own: the copier must leave it so. */
bool own;
short theirs;
bool unclear;            /* what it removed may have been the write of a copier that crashed before it knew: nobody can tell */

inline hold_true() {
  assert(!own || unclear || t == theirs);          /* what the target's application did is not undone */
  assert(!over || own || unclear || t == s)        /* what was cut over is what the source had, no more and no less */
}

inline put(k, d, b, a) { mem.known = k; mem.done = d; mem.before = b; mem.after = a }
inline sync() { disk.known = mem.known; disk.done = mem.done; disk.before = mem.before; disk.after = mem.after }

/* A put that nobody waits for is on the disk after a crash, or not. */
inline may_sync() {
  if
  :: crashes > 0 -> sync()
  :: true
  fi
}

inline may_crash() {
  if
  :: crashes > 0 -> crashes--; goto crashed
  :: true
  fi
}

#define ours(h) (mem.known && ((mem.after != 0 && (h) == mem.after) || (!mem.done && (h) == mem.before)))

proctype Source() {
  byte left = CALLS;
  do
  :: atomic {
       left > 0 && !stopped -> left--;
       if
       :: s == 0 -> s = row(left, 1, 0);
          unclear = unclear || (own && theirs == 0)      /* a session made anew is copied anew */
       :: s != 0 && !locked(s) -> s = row(value(s), cookie(s) + 1, 1)
       :: s != 0 && locked(s) -> s = row(left, cookie(s), 0)
       :: s != 0 && locked(s) -> s = 0
       fi
     }
  :: atomic { !stopped -> stopped = true; break }
  od
}

proctype Target() {
  do
  :: atomic {
       touches > 0 && !over -> touches--;
       if
       :: t != 0 -> t = row(7, cookie(t) + 1, 0); own = true; theirs = t
       :: t != 0 -> own = true; theirs = 0;
          unclear = !(disk.known && disk.done && disk.after == t);
          t = 0
       :: t == 0 -> t = row(7, 1, 0); own = true; theirs = t
       fi;
       hold_true()
     }
  :: atomic { touches == 0 || over -> break }
  od
}

/* The write of one that has crashed takes place in the end, or never will. */
proctype Net() {
  do
  :: atomic {
       late ->
       if
       :: t == lateExpect -> t = lateRow
       :: true
       fi;
       late = false; lateExpect = 0; lateRow = 0; hold_true()
     }
  :: atomic { over && !late -> break }
  od
}

proctype Copier() {
  short r, f, want;
  bool last, changed;
again:
#ifdef BUG_RESUME_AT_ONCE
  atomic {
#else
  atomic { !late ->
#endif
    mem.known = disk.known; mem.done = disk.done; mem.before = disk.before; mem.after = disk.after
  };
pass:
#ifdef BUG_PASS_BEFORE_FREEZE
  atomic { changed = false; r = s; may_crash() };
  last = stopped;
#else
  atomic { last = stopped; changed = false; r = s; may_crash() };
#endif
look:
  atomic {
    want = 0;
    if
    :: r == 0 && (!mem.known || (mem.done && mem.after == 0)) -> goto passed      /* nothing to be carried */
    :: r == 0 && mem.known && !(mem.done && mem.after == 0) -> goto missing
    :: r != 0 && mem.known && mem.done && mem.after == r -> goto passed           /* as it was when it was copied */
    :: else -> f = t
    fi;
    may_crash()
  };
  atomic {
    if
    :: f == r -> put(true, true, f, f); may_sync(); f = 0; goto passed
    :: f == 0 && (!mem.known || mem.after == 0 || (!mem.done && mem.before == 0))
#ifdef BUG_BRING_BACK
    :: f == 0 && mem.known && mem.after != 0 && (mem.done || mem.before != 0)
#else
    :: f == 0 && mem.known && mem.after != 0 && (mem.done || mem.before != 0) -> goto passed   /* removed there */
#endif
    :: f != 0 && f != r && ours(f)
#ifdef BUG_OVERWRITES_OTHERS
    :: f != 0 && f != r && !ours(f)
#else
    :: f != 0 && f != r && !ours(f) -> f = 0; goto passed
#endif
    fi;
    want = r;
#ifndef BUG_LEDGER_AFTER
    put(true, false, f, want);
#ifndef BUG_LEDGER_NOT_SYNCED
    sync();
#endif
#endif
    may_crash()
  };
write:
  atomic {
    changed = true;
    if
    :: crashes > 0 -> crashes--; late = true; lateExpect = f; lateRow = want; goto crashed
#ifdef BUG_NO_FENCE
    :: true -> t = want
#else
    :: t == f -> t = want
    :: t != f -> goto conflict
#endif
    fi;
    hold_true(); may_crash()
  };
  atomic { put(true, true, f, want); may_sync(); may_crash() };
  goto passed;

conflict:          /* a deletion is given up until the next pass, a row is looked at again */
  atomic {
    f = 0;
    if
    :: want != 0 -> goto look
    :: else -> goto passed
    fi
  };

missing:           /* a scan has not seen it in the source: the target is looked at, then the source again */
#ifdef BUG_DELETION_NOT_CARRIED
  goto passed;
#endif
  f = t;
  atomic {
    if
    :: s != 0 -> changed = true; goto passed
    :: s == 0 && f == 0 -> put(true, true, 0, 0); may_sync(); may_crash(); goto passed
#ifdef BUG_OVERWRITES_OTHERS
    :: s == 0 && f != 0 && !ours(f)
#else
    :: s == 0 && f != 0 && !ours(f) -> put(true, true, 0, 0); may_sync(); may_crash(); goto passed   /* given up */
#endif
    :: s == 0 && f != 0 && ours(f)
    fi;
    put(true, false, f, 0); sync(); may_crash(); want = 0
  };
  goto write;

passed:            /* a pass that began after the application was stopped and has changed nothing is the last */
  atomic {
    f = 0; r = 0; want = 0;
    if
    :: last && !changed -> over = true; hold_true()
    :: else -> goto pass
    fi
  };
  goto end;

crashed:
  atomic {
    f = 0; r = 0; want = 0; last = false; changed = false;
#ifdef BUG_LEDGER_LOST
    disk.known = false; disk.done = false; disk.before = 0; disk.after = 0;
#endif
    goto again
  };
end:
  skip
}

init {
  atomic {
    s = row(5, 1, 0);
    if
    :: t = 0
    :: t = row(6, 1, 0); own = true; theirs = t     /* a session of the target's own has the same id */
    fi;
    run Source(); run Target(); run Net(); run Copier()
  }
}
