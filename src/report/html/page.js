(function(){
"use strict";
// Conversations: all of them are data, and only one page of them is rows, so that thousands do not slow the page down.
var PAGE=50,all=JSON.parse(document.getElementById("data").textContent),shown=all,at=0,key="",up=true;
var body=document.querySelector("#conversations tbody"),heads=document.querySelectorAll("#conversations th");
var search=document.getElementById("search"),outcome=document.getElementById("outcome"),count=document.getElementById("count");
var back=document.getElementById("back"),next=document.getElementById("next");
function cell(row,text,name){var td=document.createElement("td");if(name)td.className=name;td.textContent=text;row.appendChild(td);return td}
function words(t){if(t.words_of===undefined)t.words_of=[t.id,t.when,t.client,t.what,t.server,t.words,t.end].concat(t.said).join(" ").toLowerCase();return t.words_of}
function unfold(row,t,button){
  var open=button.getAttribute("aria-expanded")==="true";
  button.setAttribute("aria-expanded",open?"false":"true");
  if(open){row.nextSibling.remove();return}
  var more=document.createElement("tr"),td=cell(more,"Conversation "+t.id+" in Wireshark: "+t.filter);
  more.className="more";td.colSpan=6;
  var list=document.createElement("ol");
  t.said.forEach(function(s){var li=document.createElement("li");li.textContent=s;list.appendChild(li)});
  td.appendChild(list);row.after(more);
}
function draw(){
  var rows=document.createDocumentFragment();
  shown.slice(at,at+PAGE).forEach(function(t){
    var row=document.createElement("tr"),first=cell(row,"","nw"),button=document.createElement("button");
    button.type="button";button.className="fold";button.textContent=t.when;button.setAttribute("aria-expanded","false");
    button.setAttribute("aria-label","What was said at "+t.when);
    button.addEventListener("click",function(){unfold(row,t,button)});first.appendChild(button);
    cell(row,t.client,"nw");cell(row,t.what,"nw");cell(row,t.server);
    var mark=document.createElement("span");mark.className="out "+t.outcome;mark.textContent=t.words;cell(row,"","nw").appendChild(mark);
    cell(row,t.end);rows.appendChild(row);
  });
  body.replaceChildren(rows);
  var last=Math.min(at+PAGE,shown.length);
  count.textContent=shown.length?(at+1)+" to "+last+" of "+shown.length+(shown.length===all.length?"":" that fit, "+all.length+" in all"):"None of "+all.length+" fits.";
  back.disabled=at===0;next.disabled=last>=shown.length;
}
function pick(){
  var asked=search.value.trim().toLowerCase().split(/\s+/),kind=outcome.value;
  shown=all.filter(function(t){return(!kind||t.outcome===kind)&&asked.every(function(w){return words(t).indexOf(w)>=0})});
  if(key){
    var order=new Intl.Collator("en",{numeric:true});
    shown.sort(function(a,b){return(up?1:-1)*order.compare(a[key],b[key])});
  }
  at=0;draw();
}
heads.forEach(function(th){
  var button=document.createElement("button");button.type="button";button.textContent=th.textContent;
  th.textContent="";th.appendChild(button);th.setAttribute("aria-sort","none");
  button.addEventListener("click",function(){
    up=key===th.dataset.key?!up:true;key=th.dataset.key;
    heads.forEach(function(other){other.setAttribute("aria-sort",other===th?(up?"ascending":"descending"):"none")});
    pick();
  });
});
search.addEventListener("input",pick);outcome.addEventListener("change",pick);
back.addEventListener("click",function(){at=Math.max(0,at-PAGE);draw()});
next.addEventListener("click",function(){at+=PAGE;draw()});
document.getElementById("tools").hidden=false;document.getElementById("pages").hidden=all.length<=PAGE;
draw();
var closed=[];
window.addEventListener("beforeprint",function(){closed=[].slice.call(document.querySelectorAll("details:not([open]):not(.twin)"));closed.forEach(function(d){d.open=true})});
window.addEventListener("afterprint",function(){closed.forEach(function(d){d.open=false})});
})();
