// electron-builder's own block maps: argv[2] is JSON [{file, inside}]; prints {size, sha512, blockMapSize} of each.
const { buildBlockMap } = require("app-builder-lib/out/targets/blockmap/blockmap")

async function build({ file, inside }) {
  return inside ? buildBlockMap(file, "deflate") : buildBlockMap(file, "gzip", `${file}.blockmap`)
}

Promise.all(JSON.parse(process.argv[2]).map(build)).then(
  infos => console.log(JSON.stringify(infos)),
  error => {
    console.error(error)
    process.exitCode = 1
  },
)
