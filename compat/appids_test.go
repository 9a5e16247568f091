package compat

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/compat/layout"
)

// appID is a TempGetAppID that does what the installer's does (sql-layouts.md 13.2), with a table of hashes made up.
const appID = `CREATE PROCEDURE dbo.TempGetAppID @appName varchar(280), @appId int OUTPUT AS
	SET @appName = LOWER(@appName)
	SET @appId = NULL
	SELECT @appId = AppId FROM dbo.ASPStateTempApplications WHERE AppName = @appName
	IF @appName = 'taken' RAISERROR('hash-code collision', 18, 1)
	ELSE IF @appId IS NULL AND @appName <> 'no hash'
	BEGIN
		SET @appId = CASE WHEN @appName = '/lm/w3svc/1/root' THEN 538231025 WHEN @appName LIKE 'x%' THEN LEN(@appName) ELSE -2 END
		INSERT dbo.ASPStateTempApplications (AppId, AppName) VALUES (@appId, @appName)
	END
	RETURN 0`

func TestAppIDsOnServer(t *testing.T) {
	s := detectServer(t, "h_detect_apps")
	ctx := t.Context()
	runAll(t, s, diskTable(t, "fx8", "")...)
	runAll(t, s, diskTable(t, "async11", "V11")...)
	d, err := s.Detect(ctx)
	if err != nil {
		t.Fatal(err)
	}
	f, err := d.Choose(layout.FrameworkCompat, "")
	if err != nil {
		t.Fatal(err)
	}
	if apps, err := s.AppIDs(ctx, f); !errors.Is(err, ErrNoApplications) {
		t.Errorf("no table of applications: %v, %v", apps, err)
	}
	runAll(t, s, "CREATE TABLE dbo.ASPStateTempApplications (AppId int NOT NULL PRIMARY KEY, AppName char(280) NOT NULL)", appID)
	long := strings.Repeat("x", maxAppName)
	for _, c := range []struct {
		app  string
		want int32
	}{
		{"/LM/W3SVC/1/ROOT", 538231025},
		{"/LM/W3SVC/1/ROOT", 538231025},
		{"/LM/W3SVC/9/ROOT", -2},
		{long + "y", maxAppName},
	} {
		if id, err := s.EnsureAppID(ctx, f, c.app); err != nil || id != c.want {
			t.Errorf("%s: %d, %v", c.app, id, err)
		}
	}
	apps, err := s.AppIDs(ctx, f)
	want := []AppRow{{538231025, "/lm/w3svc/1/root"}, {-2, "/lm/w3svc/9/root"}, {maxAppName, long}}
	if err != nil || !reflect.DeepEqual(apps, want) {
		t.Errorf("applications %v, %v", apps, err)
	}
	var collision *AppCollisionError
	for _, app := range []string{"/LM/W3SVC/8/ROOT", "taken"} { // error 2627, severity 18
		if _, err := s.EnsureAppID(ctx, f, app); !errors.As(err, &collision) || collision.App != app {
			t.Errorf("collision: %v", err)
		}
	}
	if _, err := s.EnsureAppID(ctx, f, "no hash"); err == nil {
		t.Error("an application without AppId is registered")
	}
	v11, err := d.Choose("", "V11")
	if err != nil {
		t.Fatal(err)
	}
	var unsupported *layout.UnsupportedError
	if _, err := s.EnsureAppID(ctx, v11, "/LM/W3SVC/1/ROOT"); !errors.As(err, &unsupported) {
		t.Errorf("v1.1: %v", err)
	}
	if apps, err := s.AppIDs(ctx, v11); apps != nil || err != nil {
		t.Errorf("v1.1: %v, %v", apps, err)
	}
}

func TestCutName(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"/LM/W3SVC/1/ROOT", "/LM/W3SVC/1/ROOT"},
		{strings.Repeat("ä", 281), strings.Repeat("ä", 280)},
		{strings.Repeat("x", 280), strings.Repeat("x", 280)},
	} {
		if got := cutName(c.name); got != c.want {
			t.Errorf("%d bytes became %d", len(c.name), len(got))
		}
	}
}
