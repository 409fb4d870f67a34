// What a browser finds in the site at argv[2], with the search for argv[3], as JSON. The pages are argv[4] and more.
const { chromium } = require("playwright-core")
const axe = require("fs").readFileSync(require.resolve("axe-core"), "utf8")
const [site, query, ...names] = process.argv.slice(2)

const look = async (page) => {
  await page.setViewportSize({ width: 360, height: 800 })
  const width = await page.evaluate(() => document.documentElement.scrollWidth)
  await page.setViewportSize({ width: 1280, height: 800 })
  await page.evaluate(axe)
  const { violations } = await page.evaluate(() => window.axe.run())
  const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact))
  return { width, violations: serious.map(({ id, nodes }) => `${id}: ${nodes[0].html}`) }
}

const main = async () => {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] })
  const found = { outside: [], pages: {} }
  for (const colorScheme of ["light", "dark"]) {
    const page = await (await browser.newContext({ colorScheme })).newPage()
    page.on("request", (request) => /^(file|data|blob|about):/.test(request.url()) || found.outside.push(request.url()))
    page.on("pageerror", (error) => found.outside.push(String(error)))
    for (const name of names) {
      await page.goto(`file://${site}/${name}`)
      if (await page.locator(".mermaid").count()) await page.waitForSelector("div.mermaid", { state: "attached" })
      found.pages[`${name} ${colorScheme}`] = await look(page)
      found[colorScheme] = await page.evaluate(() => document.body.getAttribute("data-md-color-scheme"))
    }
    // A link to a search, because text that is typed before the index has been read is lost.
    await page.goto(`file://${site}/${names[0]}?q=${encodeURIComponent(query)}`)
    await page.waitForSelector(".md-search-result__item a", { timeout: 90_000 })
    found.first = await page.locator(".md-search-result__item a").first().getAttribute("href")
  }
  await browser.close()
  console.log(JSON.stringify(found))
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
