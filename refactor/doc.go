// Package refactor is the engine of handshake: source in, findings and edits
// out. It never prints, logs, reads files or sees a protocol type. This page is
// for those who add or change a rule.
//
// # Adding a rule
//
// A rule is one folder under refactor/rules and nothing else. Its name, one
// lower-case word for the bad pattern, is the folder, the diagnostic code, the
// argument of -rules and the key in settings: choose it well, it stays. Then
//
//	go run ./cmd/dev new NAME
//
// makes the folder and enters the rule into the registry:
//
//	NAME.go            var Rule, a comment "pattern => rewrite" with the argument why the rewrite is sound, run
//	NAME_test.go       one call of ruletest.Run
//	README.md          the documentation and the first test
//	testdata/*.txtar   further cases; silent_*.txtar must find nothing
//
// Start with the README: write Before, then After as a careful colleague would
// write it, and see the test fail. Its first paragraph is one sentence, which
// becomes the summary in the rule table. Package
// [handshake/refactor/rules/ruletest] tells how cases are written; every case
// is type-checked before and after, must lose no comment, and must have less to
// fix after a fix than before. go test ./refactor/rules/NAME -update accepts
// what the fixes write: read the difference like a review.
//
// run gets a [Package] and returns findings. It asks the model
// ([handshake/refactor/chanflow]) who starts, blocks, signals and sleeps
// instead of walking the tree; what two rules need is the model's business. A
// [Finding] spans what is wrong, says so in one line, points at the places that
// explain it, and carries its fixes as functions: listing is cheap, the edits
// are made when somebody asks, with [handshake/refactor/edit]. Whenever you
// stop looking at a candidate, say why in a comment. In the end
//
//	go run ./cmd/dev gen
//	go test ./...
//
// The rule to imitate is refactor/rules/sleepstart.
//
// # What is worth offering
//
// Forbidding time.Sleep is easy; the rewrite is the product. A fix that breaks
// code costs more trust than ten that are missing.
//
//   - Report only what is in sight: a goroutine and the effect that somebody
//     relies upon. At least half of all sleeps in mature code are right: pacing,
//     back-off, expiry, simulated work, waiting to see that nothing happens.
//   - If it could be a diagnostic, make it one. If too many of its reports are
//     wrong (more than one in ten), it is a preview, a refactoring on demand
//     ([Rule.OnDemand]), or nothing. Each wrong report becomes a silent case.
//   - Warning is for a likely bug, Info for what the author probably did not
//     mean, Hint for a better way: batches leave it alone ([Rule.Batched]).
//   - Where a join, a ready channel or a bubble is for a test, that test can tell
//     whether it is right ([Rule.ByTest]): handshake fix -verify then makes the
//     review fix unasked, if the test says so.
//   - A title is a verb phrase: "Replace time.Sleep with started channel".
//   - A fix compiles, adds no deadlock, keeps every comment, evaluates in the
//     same order, uses fresh names and no API that the file's Go version lacks.
//     [Package.Resolve] checks what a machine can before a fix is offered, with
//     the rule's proof ([Rule.Prove], package prove): that complements the
//     rule's own argument and does not replace it.
//   - [Safe] means: nobody has to read it. Same behaviour except for the guess,
//     same API. Everything else is [Review] and says in a few words what can
//     change: "sender no longer waits".
//   - Close only channels that the fix makes, only from the one goroutine that
//     signals, and only of type chan struct{} (or an error channel whose success
//     is the close). Never export anything new.
//   - When in doubt, withhold the fix and say why ([Withheld]): the reason is
//     shown, and is often what the reader needs to know.
//   - Leave to gopls, vet and staticcheck what they report already.
package refactor
