// Package browser tests the report of handshake fix in a real browser.
package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"handshake/editors/e2e"
)

func TestMain(m *testing.M) { e2e.Main(m) }

// TestReport lets handshake fix write a report about a module whose comments and
// tests try to break out of it, and reads it as a person would.
func TestReport(t *testing.T) {
	if os.Getenv("HANDSHAKE_E2E") != "1" {
		t.Skip("set HANDSHAKE_E2E=1 to run tests in a browser")
	}
	s := e2e.NewSession(t, "testdata/session.txtar", "chromium")
	fix := s.Command(t, "handshake", "fix", "-verify", "-race=false", "-count=2", "-report=report.html", "./...")
	if out, err := fix.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ctx, said := newBrowser(t, filepath.Join(s.Home, "chromium"))
	do := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatal(err)
		}
	}
	evaluate := func(js string) any {
		t.Helper()
		out, err := chromedp.Run(ctx, chromedp.Evaluate[any](js))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	until := func(js string) {
		t.Helper()
		if _, err := chromedp.Run(ctx, chromedp.Poll[bool](js)); err != nil {
			t.Fatal(err)
		}
	}
	// shown returns the rule and package of all entries that are to be seen.
	const shownJS = `[...document.querySelectorAll("[data-count]")].filter(e => e.checkVisibility()).map(e => e.dataset.rules + " " + e.dataset.package).sort().join(", ")`
	expect := func(what, js string, want any) {
		t.Helper()
		if got := evaluate(js); got != want {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	screenshot := func(name string) {
		t.Helper()
		png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name), png, 0o666); err != nil {
			t.Fatal(err)
		}
	}

	do(chromedp.Navigate("file://"+filepath.ToSlash(filepath.Join(s.Dir, "report.html"))), chromedp.WaitVisible("#filter"))
	const all = "sleepdone shop/cart, sleepdone shop/cart, sleepdone shop/cart, sleepdone shop/cart, sleepdone shop/cart, sleepstart shop/feed"
	expect("all entries", shownJS, all)
	expect("what it says of them", `document.getElementById("shown").textContent`, "6 entries")
	expect("what is written there is no script", `window.broken === undefined`, true)
	text := fmt.Sprint(evaluate(`document.body.innerText`))
	for _, want := range []string{
		"</script><script>window.broken = 1</script>", "// <b>until the sum is there</b> & all", "over too soon",
		"TestLasts fails", "TestBroken fails without the fix", "<-started // until registered",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}

	// Diagrams are drawn when they are looked at.
	do(chromedp.Click("article.file details summary"), chromedp.WaitVisible("article.file details img"))
	until(`document.querySelector("details[open] img").naturalWidth > 0`)
	screenshot("report.png")

	// By hand, from the table, from the address, and back again.
	const hand = `[document.querySelector("select[name=rule]"), document.querySelector("select[name=package]")].map(s => s.value).join("|")`
	do(chromedp.SendKeys(`select[name="rule"]`, "sleepst"))
	expect("chosen by hand", hand, "sleepstart|")
	expect("by rule", shownJS, "sleepstart shop/feed")
	expect("how many", `document.getElementById("shown").textContent`, "1 of 6 entries")
	expect("the address", `location.hash`, "#rule=sleepstart")
	expect("diffs of the others", `[...document.querySelectorAll("table.diff")].filter(e => e.checkVisibility()).length`, 1.0)
	do(chromedp.Click(`a[href="#rule=sleepdone"]`))
	expect("chosen from the table", hand, "sleepdone|")
	expect("the other rule", `document.getElementById("shown").textContent`, "5 of 6 entries")
	evaluate(`location.hash = "package=shop%2Ffeed"`)
	until(`document.querySelector("select[name=rule]").value === ""`)
	expect("by package", shownJS, "sleepstart shop/feed")
	evaluate(`location.hash = ""`)
	until(`document.querySelector("select[name=package]").value === ""`)
	expect("all again", shownJS, all)

	// Light and dark, wide and narrow.
	const background = `getComputedStyle(document.body).backgroundColor`
	expect("light", background, "rgb(255, 255, 255)")
	dark := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, dark); err != nil {
		t.Fatal(err)
	}
	expect("dark", background, "rgb(13, 17, 23)")
	screenshot("dark.png")
	do(chromedp.EmulateViewport(420, 900))
	expect("no scrolling sideways", `document.documentElement.scrollWidth <= innerWidth`, true)
	screenshot("narrow.png")

	if all := said(); len(all) > 0 {
		t.Errorf("the page asks for something, or something went wrong:\n%s", strings.Join(all, "\n"))
	}
}

// newBrowser starts a browser for a test. The function returns what the pages
// loaded, but for files and what they hold themselves, and what they complained
// of.
func newBrowser(t *testing.T, profile string) (context.Context, func() []string) {
	t.Helper()
	options := slices.Concat(chromedp.DefaultExecAllocatorOptions[:], []chromedp.ExecAllocatorOption{
		chromedp.UserDataDir(profile), chromedp.WindowSize(1400, 900), chromedp.ExecPath("chromium"),
	})
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // root has none
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	var mu sync.Mutex
	var said []string
	err := chromedp.Listen(ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if u := e.Request.URL; !strings.HasPrefix(u, "file:") && !strings.HasPrefix(u, "data:") {
				said = append(said, "request "+u)
			}
		case *runtime.EventExceptionThrown:
			said = append(said, fmt.Sprint(e.ExceptionDetails))
		case *runtime.EventConsoleAPICalled:
			said = append(said, fmt.Sprint("console ", e.Type, e.Args))
		case *log.EventEntryAdded:
			said = append(said, fmt.Sprint(e.Entry.Level, e.Entry.Text))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return ctx, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return said
	}
}
