-- Drives a second Neovim by its keys, as a user would, and looks at what its language client has.
-- `tests/editors/neovim` starts it.
local program, project, nvim = vim.env.DOCKOPT, vim.env.PROJECT, vim.v.progpath
local step = "start"

local function fail(text)
  io.stderr:write(("\nneovim: %s: %s\n"):format(step, text))
  vim.cmd("cquit 1")
end

local editor = vim.fn.jobstart({ nvim, "--embed", "--headless", "-u", "NONE", "-i", "NONE", "-n" }, { rpc = true, cwd = project })

local function keys(text)
  vim.rpcrequest(editor, "nvim_input", text)
end

local function lua(text, ...)
  return vim.rpcrequest(editor, "nvim_exec_lua", text, { ... })
end

local function equal(expected, actual, what)
  if not vim.deep_equal(expected, actual) then
    fail(("%s is %s, not %s"):format(what, vim.inspect(actual), vim.inspect(expected)))
  end
end

local function contains(text, part)
  if not tostring(text):find(part, 1, true) then
    fail(("`%s` is not in `%s`"):format(part, tostring(text)))
  end
end

-- Waits until a function gives something.
local function eventually(what, get)
  local result
  local is_there = vim.wait(15000, function()
    result = get()
    return result ~= nil and result ~= vim.NIL and result ~= false
  end, 20)
  if not is_there then
    fail(what .. " did not come; messages: " .. vim.rpcrequest(editor, "nvim_exec", "messages", true))
  end
  return result
end

-- The diagnostic of a line (all where it is nil) with a code, as the language client holds it: columns in bytes, from 0.
local function found_in(number, code)
  return lua([[
    local number, code = ...
    for _, found in ipairs(vim.diagnostic.get(0, { lnum = number ~= vim.NIL and number or nil })) do
      if found.user_data.lsp.code == code then
        return { line = found.lnum, column = found.col, to = found.end_col, text = found.message, source = found.source,
          severity = found.severity }
      end
    end]], number, code)
end

local function diagnostic(code)
  return found_in(vim.NIL, code)
end

local function line(number)
  return lua("return vim.fn.getline(...)", number)
end

-- The number of the line with a text.
local function search(text)
  return lua("return vim.fn.search('\\\\V' .. ..., 'cw')", text)
end

-- Chooses the code action of the line under the cursor whose title starts with a text.
local function choose(title)
  lua("_G.wanted, _G.chosen = ..., nil", title)
  lua("vim.lsp.buf.code_action()")
  eventually("the action `" .. title .. "`", function() return lua("return _G.chosen") end)
end

local function main()
  lua([[
    local program, root = ...
    vim.o.completeopt = "menuone,noinsert"
    _G.start = function()
      return vim.lsp.start_client({
        name = "dockopt",
        cmd = { program, "lsp" },
        root_dir = root,
        init_options = { trusted = false },
        on_attach = function(_, buffer) vim.bo[buffer].omnifunc = "v:lua.vim.lsp.omnifunc" end,
        on_exit = function(code, signal) _G.ended = { code, signal } end,
      })
    end
    _G.client = _G.start()
    vim.api.nvim_create_autocmd("FileType", {
      pattern = "dockerfile",
      callback = function(args) vim.lsp.buf_attach_client(args.buf, _G.client) end,
    })
    vim.cmd("filetype on")
    -- What a user would pick in the list.
    vim.ui.select = function(items, options, choose)
      for index, item in ipairs(items) do
        local title = options.format_item(item)
        if title:sub(1, #_G.wanted) == _G.wanted then
          choose(item, index)
          _G.chosen = title
          return
        end
      end
      choose(nil, nil)
    end]], program, project)

  step = "open"
  lua("vim.cmd('edit backend/Dockerfile')")
  local secret = eventually("the diagnostic", function() return diagnostic("secret-in-arg-or-env") end)
  equal({ 5, 4, 1, "dockopt" }, { secret.line, secret.column, secret.severity, secret.source }, "the diagnostic")
  local base = diagnostic("full-base")
  contains(base.text, "\ncosts ~")
  contains(base.text, "\nhelp: use `python:3.13-slim`")
  -- What the lock file says comes after it.
  local audit = eventually("the diagnostic of the context", function() return diagnostic("dev-dependencies-kept") end)
  equal("dockopt audit", audit.source, "its source")

  step = "type"
  -- 😀 is four bytes, two units of UTF-16 and one character.
  local prefix = 'RUN echo "😀 😀" && '
  local typed = prefix .. "apt-get update && apt-get install -y curl"
  search("EXPOSE")
  keys("O" .. typed:gsub("<", "<lt>") .. "<Esc>")
  eventually("the line", function() return line(17) == typed end)
  local lists = eventually("the diagnostic of the new line", function() return found_in(16, "apt-lists-kept") end)
  equal("apt-get update", typed:sub(lists.column + 1, lists.to), "the text under the diagnostic")
  equal(vim.NIL, diagnostic("dev-dependencies-kept"), "a diagnostic of the context while the text is not on disk")

  step = "fix"
  lua("vim.api.nvim_win_set_cursor(0, { 17, 30 })")
  choose("delete the lists in the same RUN")
  local fixed = typed .. " && rm -rf /var/lib/apt/lists/*"
  eventually("the fixed line", function() return line(17) == fixed end)
  eventually("the end of the diagnostic", function() return found_in(16, "apt-lists-kept") == vim.NIL end)

  step = "fix all"
  search("CMD uvicorn")
  choose("Fix all safe findings of this file")
  eventually("the fixed command", function() return line("$"):find('^CMD %["uvicorn", "app.main:app"') end)
  contains(line(13), "vim && rm -rf /var/lib/apt/lists/*")

  step = "ignore"
  -- The cursor is before the finding, in its line.
  search("ENV SECRET_KEY")
  choose("Ignore `secret-in-arg-or-env` here")
  eventually("the comment", function() return line(6) == "# dockopt ignore=secret-in-arg-or-env reason: accepted; say why" end)
  eventually("the end of the diagnostic", function() return diagnostic("secret-in-arg-or-env") == vim.NIL end)
  keys("u")
  eventually("the diagnostic after undo", function() return diagnostic("secret-in-arg-or-env") end)

  step = "hover"
  lua("vim.api.nvim_win_set_cursor(0, { 1, 8 })")
  lua("vim.lsp.buf.hover()")
  local text = eventually("the window", function()
    return lua([[
      for _, window in ipairs(vim.api.nvim_list_wins()) do
        if vim.api.nvim_win_get_config(window).relative ~= "" then
          return table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, true), "\n")
        end
      end]])
  end)
  contains(text, "python:3.13")
  contains(text, "to pull (")

  step = "complete"
  keys("GoRUN --<C-x><C-o>")
  local items = eventually("the list", function()
    local info = lua("return vim.fn.complete_info({ 'mode', 'items' })")
    return #info.items > 0 and info.items
  end)
  local words = vim.tbl_map(function(item) return item.word end, items)
  for _, flag in ipairs({ "--mount=", "--network=" }) do
    if not vim.tbl_contains(words, flag) then
      fail(flag .. " is not offered: " .. vim.inspect(words))
    end
  end
  -- What is typed on narrows the list; the first that is left replaces it, dashes and all.
  keys("mo<C-y><Esc>")
  eventually("the end of insert mode", function() return vim.rpcrequest(editor, "nvim_get_mode").mode == "n" end)
  equal("RUN --mount=", vim.rpcrequest(editor, "nvim_get_current_line"), "the line")
  keys("dd")

  step = "rename"
  lua("vim.cmd('write')")
  lua("vim.cmd('edit dashboard/Dockerfile')")
  eventually("the diagnostic", function() return diagnostic("full-base") end)
  keys("ggA AS build<Esc>GoFROM nginx:1.26<CR>COPY --from=build /app/dist /usr/share/nginx/html<Esc>")
  eventually("the line", function() return search("--from=build") > 0 end)
  search("--from=build")
  keys("0f=l")
  eventually("the cursor", function() return lua("return vim.fn.expand('<cword>')") == "build" end)
  lua("vim.lsp.buf.rename('assets')")
  eventually("the new name", function() return line(1) == "FROM node:22 AS assets" end)
  eventually("its use", function() return search("--from=assets /app/dist") > 0 end)

  step = "definition"
  keys("0f=l")
  lua("vim.lsp.buf.definition()")
  eventually("the stage", function()
    return vim.deep_equal({ 1, 16 }, vim.rpcrequest(editor, "nvim_win_get_cursor", 0))
  end)

  step = "close"
  lua("vim.cmd('bwipeout!')")
  lua("vim.cmd('edit! backend/Dockerfile')")
  eventually("the diagnostic of the context", function() return diagnostic("dev-dependencies-kept") end)
  lua("vim.cmd('bwipeout!')")
  lua("vim.lsp.stop_client(_G.client)")
  local ended = eventually("the end of the server", function() return lua("return _G.ended") end)
  equal({ 0, 0 }, ended, "exit code and signal of the server")
  vim.fn.rpcnotify(editor, "nvim_command", "qall!")
  io.stdout:write(("neovim %s: all steps pass\n"):format(vim.fn.matchstr(vim.fn.execute("version"), "v[0-9.]*")))
  vim.cmd("qall!")
end

local is_clean, what = xpcall(main, debug.traceback)
if not is_clean then
  fail(what)
end
