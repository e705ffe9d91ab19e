package expr

import "github.com/kfp-go/kfp-go/compiler/diag"

// Codes are the manual pages of what this package reports.
var Codes = []diag.CodeInfo{
	{Code: "E300", Title: "an expression is never closed", Doc: "A text holds `${{` without the `}}` that ends the expression.\n\n" +
		"```yaml\nargs: [\"--rows=${{ inputs.rows\"]\n```\n\n" +
		"Close it with `}}`. A text that is to hold the three characters `${{` writes `$${{`.\n"},
	{Code: "E301", Title: "an expression is empty", Doc: "Nothing stands between `${{` and `}}`.\n\n" +
		"```yaml\nargs: [\"--rows=${{ }}\"]\n```\n\n" +
		"Write a value, or leave the braces out.\n"},
	{Code: "E302", Title: "an expression cannot be read", Doc: "The expression is not CEL: a bracket or quote is not closed, an operator has no operand, a word is reserved.\n\n" +
		"```yaml\nwhen: ${{ inputs.rows > }}\n```\n\n" +
		"The message points at the place. Operators are `&& || ! == != < <= > >= in + - * / % ? :`.\n"},
	{Code: "E303", Title: "an expression reads a name that does not exist", Doc: "The expression names an input, task, output or loop variable that its scope does not have.\n\n" +
		"```yaml\ninputs: {rows: integer}\ntasks:\n  train: {component: train, inputs: {rows: \"${{ inputs.row }}\"}}\n```\n\n" +
		"Take the name that the hint offers, or declare it. Inside a component only its own `inputs` and `outputs` are known.\n"},
	{Code: "E304", Title: "a path is no value by itself", Doc: "`inputs`, `tasks` or `tasks.NAME` hold values but are none, and which of them is meant cannot be computed.\n\n" +
		"```yaml\nwhen: ${{ tasks.train }}\n```\n\n" +
		"Name the value in full: `inputs.NAME`, `tasks.NAME.outputs.NAME`.\n"},
	{Code: "E305", Title: "a function is not available in expressions", Doc: "Expressions run in Argo, and the function has no form there that gives the same value in every case; or it does not exist; or it is called with other arguments than it takes.\n\n" +
		"```yaml\nwhen: ${{ inputs.names.sort()[0] == 'a' }}\n```\n\n" +
		"The hint names the nearest form that works. What needs more belongs into a task.\n"},
	{Code: "E306", Title: "an expression asks for the time", Doc: "Timestamps and durations would give another result in every run, and another one here than in the cluster.\n\n" +
		"```yaml\nwhen: ${{ timestamp(inputs.day) < timestamp('2030-01-01T00:00:00Z') }}\n```\n\n" +
		"Pass the time as an input. Texts in RFC 3339 compare in the order of time.\n"},
	{Code: "E307", Title: "integer and number are mixed", Doc: "Arithmetic and `==` take two integers or two numbers.\n\n" +
		"```yaml\nwhen: ${{ inputs.rate == 1 }}     # rate is a number\n```\n\n" +
		"Write `1.0` for the number one, `double(inputs.rows)` for an integer's value as a number.\n"},
	{Code: "E308", Title: "the type of a value is not known", Doc: "Elements of lists and structs have the type that they have when the task runs. Arithmetic needs it before.\n\n" +
		"```yaml\nargs: [\"${{ inputs.config.rows + 1 }}\"]     # config is a struct\n```\n\n" +
		"Say which it is: `int(x)`, `double(x)` or `string(x)`; or declare `items:` of the list.\n"},
	{Code: "E309", Title: "an integer is too large", Doc: "Values travel as JSON, whose numbers are exact for integers from −(2^53−1) to 2^53−1.\n\n" +
		"```yaml\nwhen: ${{ inputs.id == 9007199254740993 }}\n```\n\n" +
		"Declare such identifiers as strings.\n"},
	{Code: "E310", Title: "both sides of && or || can fail", Doc: "In CEL `false && error` is false from either side; Argo looks from left to right. When the text on both sides may be no JSON or no number, the two cannot be made to agree.\n\n" +
		"```yaml\nwhen: ${{ parseJson(inputs.a).ok && parseJson(inputs.b).ok }}\n```\n\n" +
		"Parse in an earlier task, or order them yourself: `a ? b : false`. In a KFP pipeline this is a warning, and the left side is asked first.\n"},
	{Code: "E311", Title: "a test inside all or exists can fail", Doc: "One element that decides wins over tests that fail, which needs to be known beforehand; for `parseJson` and `double` of a text it cannot.\n\n" +
		"```yaml\nwhen: ${{ inputs.scores.all(s, double(s) > 0.5) }}     # items may be texts\n```\n\n" +
		"Convert first: `inputs.scores.map(s, double(s)).all(s, s > 0.5)`, or declare `items: number`.\n"},
	{Code: "E312", Title: "values without an order are compared", Doc: "`<` and its kin compare numbers or texts. Booleans have no order, and of two values of unknown type Argo could not tell.\n\n" +
		"```yaml\nwhen: ${{ inputs.config.a < inputs.config.b }}\n```\n\n" +
		"Write `double(x)` or `string(x)` on one side.\n"},
	{Code: "E313", Title: "a list is indexed from its end", Doc: "Lists are counted from 0 and have no negative indexes.\n\n" +
		"```yaml\nwhen: ${{ inputs.xs[-1] == 'done' }}\n```\n\n" +
		"The last element is `inputs.xs[size(inputs.xs) - 1]`.\n"},
	{Code: "E314", Title: "a literal is outside the subset", Doc: "Keys of `{…}` are distinct text literals; entries cannot be optional; there are no unsigned integers, bytes or messages.\n\n" +
		"```yaml\nwhen: ${{ {inputs.name: 1}.a == 1u }}\n```\n"},
	{Code: "E315", Title: "the pattern of matches is not usable", Doc: "The pattern is a text literal in RE2's syntax, as in Go.\n\n" +
		"```yaml\nwhen: ${{ inputs.name.matches('(?=a)') }}\n```\n"},
	{Code: "E316", Title: "format asks for more than %s and %d", Doc: "`format` takes a text literal with `%s`, `%d` and `%%` and a list literal with one value for each.\n\n" +
		"```yaml\nargs: [\"${{ '%.2f'.format([inputs.rate]) }}\"]\n```\n\n" +
		"Send the number as it is and format it in the task.\n"},
	{Code: "E317", Title: "an artifact takes part in an expression", Doc: "Artifacts travel by reference: an expression cannot look into them.\n\n" +
		"```yaml\nwhen: ${{ inputs.data == 'x' }}     # data is a Dataset\n```\n\n" +
		"Use `.path`, `.uri` or `.metadata`, ask `has(inputs.data)`, or wire it alone: `${{ inputs.data }}`.\n"},
	{Code: "E318", Title: "an optional input is read without has", Doc: "A warning: when the input is absent, the task fails.\n\n" +
		"```yaml\nargs: [\"${{ inputs.note + '!' }}\"]     # note is optional\n```\n\n" +
		"Write `has(inputs.note) ? inputs.note : '-'` or `inputs.?note.orValue('-')`.\n"},
	{Code: "E319", Title: "an expression is too large", Doc: "An expression may have 16 KB here and in Argo, where guards against errors make it longer, and 100 levels of nesting.\n\n" +
		"```yaml\nwhen: ${{ inputs.x == '… 16 KB of text …' }}\n```\n\n" +
		"Split it over two outputs, or compute it in a task.\n"},
	{Code: "E320", Title: "an optional value is not resolved", Doc: "`.?name` gives a value that may be missing; it needs an end that says what then.\n\n" +
		"```yaml\nargs: [\"${{ inputs.?note }}\"]\n```\n\n" +
		"Add `.orValue('…')` for the value, or `.hasValue()` to ask.\n"},
	{Code: "E321", Title: "a value of the wrong type", Doc: "An operator, function or condition is given a type that it does not take.\n\n" +
		"```yaml\nwhen: ${{ inputs.name + 1 }}\n```\n\n" +
		"Convert with `string(x)`, `int(x)` or `double(x)`, or compare to get a boolean.\n"},
	{Code: "E322", Title: "an expression is not understood", Doc: "CEL refuses the expression for a reason that has no page of its own; the message says which, as in `${{ … }}`. Please report it.\n"},
	{Code: "E323", Title: "a number that may be infinite enters a nested macro", Doc: "Inside two macros, Argo sees the outer variable only as JSON, which has no infinite numbers.\n\n" +
		"```yaml\nwhen: ${{ inputs.xs.map(x, double(x) / 0.0).all(x, inputs.ys.all(y, x > double(y))) }}\n```\n\n" +
		"Compute the list in an earlier task or output.\n"},
}
