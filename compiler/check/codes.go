package check

import "github.com/kfp-go/kfp-go/compiler/diag"

// The codes of this package, for ever.
const (
	codeName          diag.Code = "C401"
	codeTwice         diag.Code = "C402"
	codeUnknownTask   diag.Code = "C403"
	codeUnknownOutput diag.Code = "C404"
	codeUnknownInput  diag.Code = "C405"
	codeUnknownArg    diag.Code = "C406"
	codeRequired      diag.Code = "C407"
	codeType          diag.Code = "C408"
	codeLiteral       diag.Code = "C409"
	codeLimit         diag.Code = "C410"
	codeLimits        diag.Code = "C411"
	codeAbsent        diag.Code = "C412"
	codeOptional      diag.Code = "C413"
	codeCondition     diag.Code = "C414"
	codeLoop          diag.Code = "C415"
	codeAlternatives  diag.Code = "C416"

	codeCycle     diag.Code = "C420"
	codeRecursion diag.Code = "C421"
	codeNever     diag.Code = "C422"
	codeUnused    diag.Code = "C423"
	codeEmpty     diag.Code = "C424"

	codeSecret diag.Code = "C430"

	codeCount        diag.Code = "C440"
	codeEnv          diag.Code = "C441"
	codeLabel        diag.Code = "C442"
	codeQuantity     diag.Code = "C443"
	codeRequestLimit diag.Code = "C444"
	codeImage        diag.Code = "C445"
	codeObject       diag.Code = "C446"
	codeMount        diag.Code = "C447"
	codeChoice       diag.Code = "C448"
	codeRetry        diag.Code = "C449"
	codeSize         diag.Code = "C450"
	codeVolume       diag.Code = "C451"
	codeInit         diag.Code = "C452"
	codeRoot         diag.Code = "C453"

	codePipelineName diag.Code = "C460"
	codeCron         diag.Code = "C461"
	codeZone         diag.Code = "C462"
	codeSLO          diag.Code = "C463"
)
