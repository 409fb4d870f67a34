// Command reader prints as JSON what the Go source below some folders reads of a cluster's objects: the keys of labels
// and annotations, the keys of ConfigMaps by source file with the function that parses each, the JSON fields of structs,
// the texts of constants by source file, environment variables and command-line flags. It resolves constants across all
// the folders, as "KServeAPIGroupName + \"/stop\"" needs it.
package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

type (
	texts = map[string]string
	sets  = map[string]texts
)

// Found is what one folder reads, each text with the function that reads it, if one is known.
type Found struct {
	Keys    texts `json:"keys"`
	Config  sets  `json:"config"`
	Structs sets  `json:"structs"`
	Texts   sets  `json:"texts"`
	Env     texts `json:"env"`
	Flags   texts `json:"flags"`
}

type source struct {
	folder string
	path   string
	pkg    string
	file   *ast.File
}

var (
	key       = regexp.MustCompile(`^[a-z0-9.-]*(kserve\.io|knative\.dev|istio\.io|cert-manager\.io)/[A-Za-z0-9._-]+$`)
	constants = map[string]ast.Expr{}
	scopes    = map[ast.Expr]string{}
)

func main() {
	var sources []source
	for _, folder := range os.Args[1:] {
		sources = append(sources, parse(folder)...)
	}
	for _, one := range sources {
		declare(one)
	}
	found := map[string]*Found{}
	for _, one := range sources {
		if found[one.folder] == nil {
			found[one.folder] = &Found{texts{}, sets{}, sets{}, sets{}, texts{}, texts{}}
		}
		collect(one, found[one.folder])
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", " ")
	if err := out.Encode(found); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func parse(folder string) []source {
	var found []source
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if name == "testing" || name == "testdata" || name == "client" || name == "vendor" || name == "test" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "zz_") || strings.HasPrefix(name, "openapi_") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err == nil {
			relative, _ := filepath.Rel(folder, path)
			found = append(found, source{folder, filepath.ToSlash(relative), file.Name.Name, file})
		}
		return err
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return found
}

// declare remembers the constants and variables of a package by name.
func declare(one source) {
	for _, decl := range one.file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range group.Specs {
			value, ok := spec.(*ast.ValueSpec)
			if !ok {
				continue
			}
			for index, name := range value.Names {
				if index < len(value.Values) {
					constants[one.pkg+"."+name.Name] = value.Values[index]
					scopes[value.Values[index]] = one.pkg
				}
			}
		}
	}
}

// fold is the text of a constant expression; false if it is none.
func fold(expr ast.Expr, pkg string, depth int) (string, bool) {
	if depth > 8 {
		return "", false
	}
	switch one := expr.(type) {
	case *ast.BasicLit:
		if one.Kind == token.STRING {
			text, err := strconv.Unquote(one.Value)
			return text, err == nil
		}
	case *ast.ParenExpr:
		return fold(one.X, pkg, depth+1)
	case *ast.BinaryExpr:
		left, ok := fold(one.X, pkg, depth+1)
		right, also := fold(one.Y, pkg, depth+1)
		return left + right, ok && also && one.Op == token.ADD
	case *ast.Ident:
		return named(pkg+"."+one.Name, depth)
	case *ast.SelectorExpr:
		if from, ok := one.X.(*ast.Ident); ok {
			return named(from.Name+"."+one.Sel.Name, depth)
		}
	case *ast.CallExpr: // a conversion: string(x)
		if len(one.Args) == 1 {
			if name, ok := one.Fun.(*ast.Ident); ok && name.Name == "string" {
				return fold(one.Args[0], pkg, depth+1)
			}
		}
	}
	return "", false
}

func named(name string, depth int) (string, bool) {
	value, ok := constants[name]
	if !ok {
		return "", false
	}
	return fold(value, scopes[value], depth+1)
}

func collect(one source, found *Found) {
	ast.Inspect(one.file, func(node ast.Node) bool {
		switch at := node.(type) {
		case *ast.BasicLit, *ast.BinaryExpr, *ast.SelectorExpr:
			if text, ok := fold(at.(ast.Expr), one.pkg, 0); ok && key.MatchString(text) {
				found.Keys[text] = ""
			}
		case *ast.ValueSpec:
			for index, name := range at.Names {
				if index < len(at.Values) {
					if text, ok := fold(at.Values[index], one.pkg, 0); ok {
						put(found.Texts, one.path, name.Name, text)
					}
				}
			}
		case *ast.TypeSpec:
			if fields, ok := at.Type.(*ast.StructType); ok {
				structs(one.pkg+"."+at.Name.Name, fields, found)
			}
		case *ast.CallExpr:
			call(one, at, found)
		case *ast.IndexExpr:
			index(one, at, found)
		}
		return true
	})
}

func structs(name string, fields *ast.StructType, found *Found) {
	for _, field := range fields.Fields.List {
		if field.Tag == nil {
			continue
		}
		text, _ := strconv.Unquote(field.Tag.Value)
		tag := reflect.StructTag(text)
		if env := tag.Get("envconfig"); env != "" {
			found.Env[env] = ""
		}
		if json := strings.Split(tag.Get("json"), ",")[0]; json != "" && json != "-" {
			put(found.Structs, name, json, "")
		}
	}
}

// call reads os.Getenv("X"), flag.String("x", ...), configmap.AsBool("x", ...) and asFlag("x", ...).
func call(one source, at *ast.CallExpr, found *Found) {
	name, from := "", ""
	switch function := at.Fun.(type) {
	case *ast.SelectorExpr:
		name = function.Sel.Name
		if ident, ok := function.X.(*ast.Ident); ok {
			from = ident.Name
		}
	case *ast.Ident:
		name = function.Name
	}
	for place, argument := range at.Args {
		text, ok := fold(argument, one.pkg, 0)
		if !ok || text == "" {
			continue
		}
		switch {
		case from == "os" && (name == "Getenv" || name == "LookupEnv") && place == 0:
			found.Env[text] = name
		case name == "GetEnvOrDefault" && place == 0:
			found.Env[text] = name
		case (from == "flag" || from == "flags" || from == "fs" || from == "pflag") && place < 2 && len(at.Args) > 2:
			found.Flags[text] = name
			return
		case (strings.HasPrefix(name, "As") || strings.HasPrefix(name, "as")) && len(at.Args) >= 2 && place == 0:
			put(found.Config, one.path, text, name)
		}
	}
}

// index reads configMap["x"], data["x"], secret.Data["x"] and annotations[x].
func index(one source, at *ast.IndexExpr, found *Found) {
	text, ok := fold(at.Index, one.pkg, 0)
	if !ok {
		return
	}
	switch base := at.X.(type) {
	case *ast.SelectorExpr:
		if base.Sel.Name == "Data" {
			put(found.Config, one.path, text, "")
		}
	case *ast.Ident:
		switch strings.ToLower(base.Name) {
		case "data", "configmap", "cm", "config", "m":
			put(found.Config, one.path, text, "")
		}
	}
}

func put(all sets, name, text, reader string) {
	if all[name] == nil {
		all[name] = texts{}
	}
	if all[name][text] == "" {
		all[name][text] = reader
	}
}
