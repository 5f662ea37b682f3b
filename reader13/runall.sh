for r in 1 2 3 4 5; do for a in arm64 riscv64 amd64 s390x; do for p in coro panics goexit carch threads prof; do
o=$(timeout 60 /tmp/r13/.venv/bin/crossabi run --watch-crossings --timeout 50 ./$p-$a 2>&1); rc=$?
printf '%s %s rc=%s %s\n' $r $p-$a $rc "$(date +%T)"; echo "$o" | cut -c1-260 | head -6 | sed 's/^/    /'
done; done; done > runall.out 2>&1
