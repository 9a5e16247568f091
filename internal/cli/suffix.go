package cli

import (
	"encoding/json"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/compat/layout"
)

func suffixCommand(s Streams) *cli.Command {
	return &cli.Command{
		Name:      "suffix",
		Usage:     "print what each provider appends to the session ids of an application",
		ArgsUsage: "APPID",
		Description: "APPID is HttpRuntime.AppDomainAppId, such as /LM/W3SVC/1/ROOT/shop; its letter case counts.\n" +
			"The in-box suffix is what TempGetAppID computes for a new row; an AppId that is in\n" +
			"ASPStateTempApplications already wins over it.",
		Flags:  []cli.Flag{jsonFlag()},
		Action: func(c *cli.Context) error { return suffix(c, s) },
	}
}

func suffix(c *cli.Context, s Streams) error {
	if c.Args().Len() != 1 {
		return usage("aspstate suffix /LM/W3SVC/1/ROOT", "suffix takes one application id")
	}
	appID := c.Args().First()
	if appID == "" {
		return usage("aspstate suffix /LM/W3SVC/1/ROOT", "the application id is empty")
	}
	out := struct {
		AppID     string `json:"app_id"`
		Inbox     string `json:"inbox"`
		AsyncFX64 string `json:"async_fx64"`
		AsyncFX32 string `json:"async_fx32"`
		AsyncV21  string `json:"async_v21"`
	}{
		appID, layout.Suffix(layout.RuleInbox, appID), layout.Suffix(layout.RuleAsyncX64, appID),
		layout.Suffix(layout.RuleAsyncX86, appID), layout.Suffix(layout.RuleAsync21, appID),
	}
	if c.Bool("json") {
		e := json.NewEncoder(s.Out)
		e.SetEscapeHTML(false)
		return errJSON(e.Encode(out))
	}
	_, err := fmt.Fprintf(s.Out, "%s  in-box (mode=\"SQLServer\")\n%s  async provider 1.x, 2.0 in a 64-bit worker\n"+
		"%s  async provider 1.x, 2.0 in a 32-bit worker\n%s  async provider 2.1\n", out.Inbox, out.AsyncFX64, out.AsyncFX32, out.AsyncV21)
	return err
}
